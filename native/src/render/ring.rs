//! Pictures in a row: while one is read back and looked at, the next ones are encoded and traced.
//!
//! The GPU works through one queue in order, so all of them share the light, the resolved bytes and the uniforms; only the
//! buffers that the host reads are one a picture. A picture that fits into one submit is sent off at once. One that does
//! not goes on in paced submits, each waited for before the next, of which the first is sent off early.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::frame_loop::{Sent, check_samples, milliseconds};
use super::readback::{Picture, Submitted};
use super::signals::Call;
use super::{FrameKey, FrameTimes, Renderer};
use crate::error::{RenderError, Result};
use crate::gpu::memory::Allocator;
use crate::gpu::readback_pool::{MAPPED_PICTURES, ReadbackPool};
use crate::scene::Scene;

/// Work that is sent off ahead, at most, in milliseconds as expected: enough to keep any GPU busy, and gone quickly
/// where nobody wants it any more.
const AHEAD_MS: f64 = 60.0;
/// A wait shorter than this tells nothing about when the work was done.
const NO_WAIT_MS: f64 = 0.1;

/// What a submit takes, as far as it can be told: from when the GPU was free for it to when it was seen to be done.
struct Flight {
    sent: Instant,
    /// Whether the GPU had nothing else to do then.
    was_idle: bool,
    pixels: f64,
}

struct InFlight {
    index: wgpu::SubmissionIndex,
    flight: Flight,
}

/// A picture whose last work was submitted.
struct OnItsWay {
    submitted: Submitted,
    flight: Flight,
    times: FrameTimes,
    size: [u32; 2],
}

enum Made {
    OnItsWay(OnItsWay),
    Here([u32; 2], Picture, FrameTimes),
}

#[derive(Default)]
pub(super) struct Ring {
    /// Scenes and samples; the first one may be under way.
    wanted: VecDeque<(Scene, u32)>,
    /// What the first wanted one was begun as. Whoever draws something else meanwhile changes that, and it begins again.
    under_way: Option<FrameKey>,
    /// Rows of it that were sent off.
    in_flight: Option<InFlight>,
    made: VecDeque<Result<Made>>,
    /// When the GPU was last seen to become free.
    free_since: Option<Instant>,
    /// Buffers wanted, and whether at once.
    reserved: Option<(usize, bool)>,
    /// Times of the picture that was handed out last.
    told: Option<FrameTimes>,
}

impl Ring {
    /// Allows a new pool as many buffers as were asked for.
    pub fn make_room(&self, memory: &Allocator, pool: &ReadbackPool) -> Result<()> {
        match self.reserved {
            Some((most, at_once)) => pool.reserve(memory, most, at_once).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Times that stand for the renderer's: those of the last picture handed out, until something else is drawn.
    pub fn told(&self) -> Option<FrameTimes> {
        self.told
    }

    pub fn tell(&mut self, times: Option<FrameTimes>) {
        self.told = times;
    }

    fn is_idle(&self) -> bool {
        self.in_flight.is_none() && !self.made.iter().any(|made| matches!(made, Ok(Made::OnItsWay(_))))
    }

    /// Pixels times samples that were sent off and not waited for.
    fn pixels_ahead(&self) -> f64 {
        let made = self.made.iter().map(|made| match made {
            Ok(Made::OnItsWay(picture)) => picture.flight.pixels,
            _ => 0.0,
        });
        made.sum::<f64>() + self.in_flight.as_ref().map_or(0.0, |rows| rows.flight.pixels)
    }

    /// What `flight`, whose end was just waited for since `waited`, took; and whether that is more than a guess.
    fn took(&mut self, flight: &Flight, waited: Instant) -> (f64, bool) {
        let began = if flight.was_idle { Some(flight.sent) } else { self.free_since };
        let is_seen = milliseconds(waited) > NO_WAIT_MS;
        self.free_since = is_seen.then(Instant::now);
        (milliseconds(began.unwrap_or(flight.sent)), is_seen && began.is_some())
    }
}

impl Renderer {
    /// Allows `most` pictures on their way or in their owners' hands, 1..64, their buffers made now (`at_once`) or when
    /// they are needed. Returns how many there may be: fewer where the budget has no room; with none, pictures are copied in
    /// pieces.
    pub fn reserve_pictures(&mut self, most: u32, at_once: bool) -> Result<usize> {
        if !(1..=64).contains(&most) {
            return Err(RenderError::Input(format!(
                "pictures: expected 1..64 at a time; got {most}; fix: 4 keep any GPU busy"
            )));
        }
        self.ring.reserved = Some((most as usize, at_once));
        self.prepare_target()?;
        let gpu = Arc::clone(&self.gpu);
        match &self.target {
            Some((_, target)) => {
                gpu.scoped(RenderError::Readback, || target.readback.reserve(&self.memory, most as usize, at_once))
            }
            None => Ok(0),
        }
    }

    /// Wants a picture of `scene`, from zero samples, after those that are wanted already.
    pub fn want_picture(&mut self, scene: Scene, samples: u32) -> Result<()> {
        check_samples(samples)?;
        self.ring.wanted.push_back((scene, samples));
        let signals = self.signals();
        self.work_ahead(&signals.begin());
        Ok(())
    }

    /// The next of the wanted pictures, in order; none when there are no more. An error is that picture's own.
    pub fn next_picture(&mut self) -> Result<Option<([u32; 2], Picture)>> {
        let signals = self.signals();
        let call = signals.begin();
        call.check()?;
        while self.ring.made.is_empty() {
            if self.ring.wanted.is_empty() {
                return Ok(None);
            }
            self.advance(true, &call);
        }
        // The GPU is given its next work before anybody waits for the last.
        self.work_ahead(&call);
        let (size, picture, times) = match self.ring.made.pop_front() {
            Some(made) => match made? {
                Made::OnItsWay(picture) => self.land_picture(picture, &call)?,
                Made::Here(size, picture, times) => (size, picture, times),
            },
            None => return Ok(None),
        };
        self.ring.tell(Some(times));
        Ok(Some((size, picture.leaving_buffers()?)))
    }

    /// Wants no more pictures. What is on its way goes nowhere.
    pub fn forget_pictures(&mut self) -> Result<()> {
        self.ring = Ring { told: self.ring.told, ..Ring::default() };
        match &self.target {
            Some((_, target)) => target.readback.reserve(&self.memory, MAPPED_PICTURES, false).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Sends off as much as there is room for, and waits for nothing.
    fn work_ahead(&mut self, call: &Call<'_>) {
        while !self.ring.wanted.is_empty()
            && self.ring.in_flight.is_none()
            && self.pacing.expected_ms(self.ring.pixels_ahead()) < AHEAD_MS
            // Before there is a target nothing is taken.
            && self.target.as_ref().is_none_or(|(_, target)| target.readback.has_idle())
            && self.advance(false, call)
        {}
    }

    /// Brings the first wanted picture on, with `may_wait` to its last submit. Whether it is made, or failed.
    fn advance(&mut self, may_wait: bool, call: &Call<'_>) -> bool {
        let made = match self.try_to_make(may_wait, call) {
            Ok(None) => return false,
            Ok(Some(made)) => Ok(made),
            Err(error) => Err(error),
        };
        self.ring.wanted.pop_front();
        self.ring.under_way = None;
        self.ring.in_flight = None;
        self.ring.made.push_back(made);
        true
    }

    /// None where it takes a wait that is not allowed.
    fn try_to_make(&mut self, may_wait: bool, call: &Call<'_>) -> Result<Option<Made>> {
        let Some((_, samples)) = self.ring.wanted.front() else { return Ok(None) };
        let samples = *samples;
        call.check()?;
        self.begin_wanted()?;
        loop {
            if let Some(rows) = self.ring.in_flight.take() {
                if !may_wait {
                    self.ring.in_flight = Some(rows);
                    return Ok(None);
                }
                let waited = Instant::now();
                self.gpu.wait_unless(Some(rows.index), &|| call.check())?;
                self.learn_from(&rows.flight, waited);
            }
            call.check()?;
            let work = self.plan(samples, f64::INFINITY)?;
            let flight = Flight { sent: Instant::now(), was_idle: self.ring.is_idle(), pixels: work.pixels };
            let gpu = Arc::clone(&self.gpu);
            let is_last = work.after.samples >= samples;
            match gpu.scoped(RenderError::Render, || self.send(&work, is_last))? {
                Sent::Rows(index) => self.ring.in_flight = Some(InFlight { index, flight }),
                Sent::Picture(submitted) => {
                    let is_apart = submitted.is_apart();
                    let times = FrameTimes { samples, ..self.times };
                    let picture = OnItsWay { submitted, flight, times, size: self.size };
                    if is_apart {
                        return Ok(Some(Made::OnItsWay(picture)));
                    }
                    let (size, picture, times) = self.land_picture(picture, call)?;
                    return Ok(Some(Made::Here(size, picture, times)));
                }
            }
        }
    }

    /// Begins the first wanted picture, unless that was done and nobody has drawn anything else since.
    fn begin_wanted(&mut self) -> Result<()> {
        if self.ring.under_way.is_some() && self.key().ok() == self.ring.under_way {
            return Ok(());
        }
        self.ring.in_flight = None;
        let Some((scene, _)) = self.ring.wanted.front() else { return Ok(()) };
        let scene = scene.clone();
        self.set_scene(scene);
        self.beginning += 1;
        let signals = self.signals();
        self.prepare(&signals.begin())?;
        self.ring.under_way = Some(self.key()?);
        Ok(())
    }

    fn learn_from(&mut self, flight: &Flight, waited: Instant) {
        let (took_ms, is_sure) = self.ring.took(flight, waited);
        self.learn(if is_sure { flight.pixels } else { 0.0 }, took_ms);
    }

    /// Waits for a picture; with its size and the times that are its own.
    fn land_picture(&mut self, picture: OnItsWay, call: &Call<'_>) -> Result<([u32; 2], Picture, FrameTimes)> {
        let OnItsWay { submitted, flight, times, size } = picture;
        let waited = Instant::now();
        let gpu = Arc::clone(&self.gpu);
        let picture = gpu.scoped(RenderError::Readback, || self.land(submitted, size, call))?;
        let (took_ms, is_sure) = self.ring.took(&flight, waited);
        if is_sure && flight.pixels > 0.0 {
            self.pacing.learn(flight.pixels, took_ms);
        }
        self.metrics.readback_ms = picture.copy_ms;
        self.metrics.resolve_ms = 0.0;
        self.metrics.bytes_down += picture.len() as u64;
        let mut times = FrameTimes {
            trace_ms: times.trace_ms + took_ms,
            longest_submit_ms: times.longest_submit_ms.max(took_ms),
            ..times
        };
        times.add_gpu_ms(picture.gpu_ms);
        Ok((size, picture, times))
    }
}
