//! Which arrays were read and shown where they lie, and which were copied: for whoever wants to know.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::fill;

/// An array that came in, or a picture that went out. Documented in `forge3d_native.pyi`, field by field.
#[derive(Debug, Clone, Copy, Default)]
pub struct CopyStep {
    pub pointer: usize,
    pub bytes: usize,
    pub borrowed: bool,
    pub copied_bytes: usize,
    pub copied_ms: f64,
    pub transfer_ms: f64,
}

#[derive(Debug, Default)]
struct Steps {
    heights: Option<CopyStep>,
    drape: Option<CopyStep>,
    picture: Option<CopyStep>,
}

/// The last of each kind.
#[derive(Debug, Default)]
pub struct Copies(Mutex<Steps>);

impl Copies {
    fn steps(&self) -> MutexGuard<'_, Steps> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn note_heights(&self, step: Option<CopyStep>) {
        self.steps().heights = step;
    }

    pub fn note_drape(&self, step: Option<CopyStep>) {
        self.steps().drape = step;
    }

    pub fn note_picture(&self, step: CopyStep) {
        self.steps().picture = Some(step);
    }

    /// As Python's dict.
    pub fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let report = PyDict::new(py);
        let steps = self.steps();
        for (key, step) in [("heights", steps.heights), ("drape", steps.drape), ("picture", steps.picture)] {
            let told = step
                .map(|step| {
                    let dict = PyDict::new(py);
                    fill!(dict, step, pointer, bytes, borrowed, copied_bytes, copied_ms, transfer_ms);
                    PyResult::Ok(dict)
                })
                .transpose()?;
            report.set_item(key, told)?;
        }
        Ok(report)
    }
}
