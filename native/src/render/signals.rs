//! What can be told of a renderer from other threads while a call runs. No GPU.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::error::{RenderError, Result};

/// Progress, and a way to stop the call in progress.
#[derive(Debug, Default)]
pub struct Signals {
    /// Calls are numbered from 1; even when none is running the last number stays.
    running: AtomicU64,
    cancelled: AtomicU64,
    progress: AtomicU32,
}

/// Lasts as long as a call does.
#[derive(Debug)]
pub struct Call<'a> {
    signals: &'a Signals,
    number: u64,
}

impl Signals {
    /// Begins a call: what was cancelled before does not concern it. A renderer has one call at a time.
    pub fn begin(&self) -> Call<'_> {
        Call { signals: self, number: self.running.fetch_add(1, Ordering::SeqCst) + 1 }
    }

    /// Stops the call in progress; without one it does nothing.
    pub fn cancel(&self) {
        self.cancelled.store(self.running.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Whole pictures traced so far.
    #[must_use]
    pub fn progress(&self) -> f64 {
        f64::from(f32::from_bits(self.progress.load(Ordering::Relaxed)))
    }

    pub(crate) fn set_progress(&self, value: f64) {
        self.progress.store((value as f32).to_bits(), Ordering::Relaxed);
    }
}

impl Call<'_> {
    /// `Cancelled` once somebody asked for it.
    pub fn check(&self) -> Result<()> {
        if self.signals.cancelled.load(Ordering::SeqCst) >= self.number { Err(RenderError::Cancelled) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancel_ends_the_call_in_progress_and_never_the_next() {
        let signals = Signals::default();
        signals.cancel();
        let first = signals.begin();
        assert!(first.check().is_ok(), "nothing was running when somebody cancelled");
        signals.cancel();
        assert!(matches!(first.check(), Err(RenderError::Cancelled)));
        assert!(matches!(first.check(), Err(RenderError::Cancelled)), "as often as it is asked");
        let next = signals.begin();
        assert!(next.check().is_ok());
    }
}
