//! One device and its queue: how it is made, waited for, and how its errors come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::{RenderError, Result};
use crate::gpu::adapter::{AdapterDetails, AdapterInfo};
use crate::gpu::default_budget::{Held, MemoryFacts};
use crate::gpu::driver_facts;
use crate::gpu::faults::{self, Fault, Place};

/// How long work may take on the GPU. Windows resets a driver after two seconds.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Features that are used where the adapter has them; nothing depends on them.
const TAKEN_WHERE_OFFERED: wgpu::Features = wgpu::Features::TIMESTAMP_QUERY;

fn out_of_memory() -> RenderError {
    RenderError::Budget(
        "the driver is out of memory; fix: lower the memory budget, the picture size or the DEM size".into(),
    )
}

fn gone() -> RenderError {
    RenderError::Device(
        "the device was lost; fix: render again (a new device is made), or choose another adapter".into(),
    )
}

/// Bytes of the blocks that small buffers and textures share; larger ones get memory of their own. As small as wgpu makes
/// them: a block goes back to the driver when the last of what shares it is freed, and the blocks of up to 64 MiB of
/// `MemoryHints::MemoryUsage` kept up to 75 MiB in which nothing lay, uncounted by any budget.
const BLOCK: u64 = 4 << 20;

/// A device of the chosen adapter.
pub struct Device {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    /// What it runs on.
    pub info: AdapterInfo,
    /// Bytes of the adapter's own memory, where its backend tells.
    pub device_memory: Option<u64>,
    adapter: wgpu::Adapter,
    limits: wgpu::Limits,
    lost: Arc<AtomicBool>,
}

impl Device {
    /// Makes a device of an adapter.
    pub fn new(info: AdapterInfo, adapter: &wgpu::Adapter) -> Result<Self> {
        let available = adapter.limits();
        // Counts stay at what every adapter has; sizes grow to what this one has.
        let mut limits = wgpu::Limits::downlevel_defaults().using_resolution(available.clone());
        limits.max_buffer_size = available.max_buffer_size;
        limits.max_storage_buffer_binding_size = available.max_storage_buffer_binding_size;
        limits.max_non_sampler_bindings = 4096;
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("forge3d.device"),
            required_features: adapter.features() & TAKEN_WHERE_OFFERED,
            required_limits: limits,
            experimental_features: wgpu::ExperimentalFeatures::disabled(),
            memory_hints: wgpu::MemoryHints::Manual { suballocated_device_memory_block_size: BLOCK..BLOCK },
            trace: wgpu::Trace::Off,
        }))
        .map_err(|error| {
            RenderError::Device(format!(
                "{}: no device: {error}; fix: update the driver or choose another adapter",
                info.name
            ))
        })?;
        let lost = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&lost);
        device.set_device_lost_callback(move |reason, text| {
            flag.store(true, Ordering::Relaxed);
            log::error!("device lost ({reason:?}): {text}");
        });
        // The default handler panics. Frames have error scopes of their own; what reaches this is for the log.
        device.on_uncaptured_error(Arc::new(|error| log::error!("{error}")));
        log::info!("adapter {} ({}, {}, {})", info.name, info.kind.name(), info.backend, info.driver);
        let device_memory = driver_facts::device_memory_bytes(adapter);
        let limits = device.limits();
        Ok(Self { device, queue, info, device_memory, adapter: adapter.clone(), limits, lost })
    }

    /// What its default budget goes by now, while renderers hold `held`.
    #[must_use]
    pub fn memory_facts(&self, held: Held) -> MemoryFacts {
        MemoryFacts::of(self.info.kind, self.device_memory, held)
    }

    /// Limits of its adapter and memory in use, as they are now.
    #[must_use]
    pub fn details(&self) -> AdapterDetails {
        AdapterDetails::of(&self.adapter)
    }

    /// Whether the device is gone.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Loses the device, as a driver that is reset does. For tests of what happens then.
    pub fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
        self.device.destroy();
    }

    /// Whether the device was given a feature.
    #[must_use]
    pub fn has(&self, features: wgpu::Features) -> bool {
        self.device.features().contains(features)
    }

    /// Longest side of a 2D texture.
    #[must_use]
    pub fn max_texture_side(&self) -> u32 {
        self.limits.max_texture_dimension_2d
    }

    /// Longest storage binding in bytes.
    #[must_use]
    pub fn max_binding_bytes(&self) -> u64 {
        self.limits.max_storage_buffer_binding_size.min(self.limits.max_buffer_size)
    }

    /// Longest buffer in bytes.
    #[must_use]
    pub fn max_buffer_bytes(&self) -> u64 {
        self.limits.max_buffer_size
    }

    /// The allocator's own sum of live bytes, where the backend tells it.
    #[must_use]
    pub fn allocator_bytes(&self) -> Option<u64> {
        self.device.generate_allocator_report().map(|report| report.total_allocated_bytes)
    }

    /// What that allocator has taken from the driver, in blocks: what it holds in use and what it keeps for the next.
    #[must_use]
    pub fn allocator_reserved_bytes(&self) -> Option<u64> {
        self.device.generate_allocator_report().map(|report| report.total_reserved_bytes)
    }

    /// Runs `work` inside error scopes: a validation, memory or internal error becomes `wrap`'s kind instead of a black picture.
    pub(crate) fn scoped<T>(&self, wrap: fn(String) -> RenderError, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.pass(Place::Scope)?;
        if self.is_lost() {
            return Err(gone());
        }
        let memory = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let internal = self.device.push_error_scope(wgpu::ErrorFilter::Internal);
        let validation = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let result = work();
        let validation = pollster::block_on(validation.pop());
        let internal = pollster::block_on(internal.pop());
        let memory = pollster::block_on(memory.pop());
        // The device first, then memory, then the scopes' other errors, then what `work` says: each is a consequence of
        // those before it.
        if self.is_lost() {
            return match result {
                Err(RenderError::Cancelled) => Err(RenderError::Cancelled),
                Err(error @ RenderError::Device(_)) => Err(error),
                _ => Err(gone()),
            };
        }
        if memory.is_some() {
            return Err(out_of_memory());
        }
        match [internal, validation].into_iter().flatten().next() {
            Some(error) => Err(wrap(error.to_string())),
            None => result,
        }
    }

    /// A place where a driver may fail; it does where a plan of faults says so.
    pub(crate) fn pass(&self, place: Place) -> Result<()> {
        match faults::at(place) {
            None => {}
            Some(Fault::OutOfMemory) => return Err(out_of_memory()),
            Some(Fault::Lost) => self.lose(),
            Some(Fault::TimeOut) => return Err(self.no_answer(&wgpu::PollError::Timeout)),
        }
        Ok(())
    }

    /// Runs `make`, which asks the driver for memory. Its refusal is told at once, so that who can do with less does: what
    /// wgpu gives then is of no use, and everything that uses it would fail after it.
    pub(crate) fn allocated<T>(&self, make: impl FnOnce() -> T) -> Result<T> {
        self.pass(Place::Allocation)?;
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let made = make();
        match pollster::block_on(scope.pop()) {
            Some(_) => Err(out_of_memory()),
            None => Ok(made),
        }
    }

    /// The GPU did not do its work. Where the time ran out nobody knows when it will, so the device counts as lost; a
    /// submission that was refused is not waited for, and the scope says why it was.
    fn no_answer(&self, error: &wgpu::PollError) -> RenderError {
        if matches!(error, wgpu::PollError::Timeout) {
            self.lost.store(true, Ordering::Relaxed);
            log::error!("the device did not answer: {error}");
        }
        RenderError::Device(format!("the GPU did not answer: {error}; fix: render again or choose another adapter"))
    }

    /// A command encoder.
    pub(crate) fn encoder(&self, label: &'static str) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some(label) })
    }

    /// Submits and waits until the work is done.
    pub(crate) fn submit_and_wait(&self, encoder: wgpu::CommandEncoder) -> Result<()> {
        self.pass(Place::Commands)?;
        let index = self.queue.submit([encoder.finish()]);
        self.wait(Some(index))
    }

    /// Waits as `wait`, but `stop` is asked every few milliseconds and its error ends the wait: the work then goes on
    /// unwatched. The first copy into a large texture clears all of it, which takes a driver without a GPU longer than
    /// people wait.
    pub(crate) fn wait_unless(
        &self,
        index: Option<wgpu::SubmissionIndex>,
        stop: &dyn Fn() -> Result<()>,
    ) -> Result<()> {
        self.pass(Place::Wait)?;
        self.poll_within(&index, LONGEST_WAIT, stop)?;
        self.wait(index)
    }

    /// Waits as `wait_unless`, for `time` at most. Returns whether the work ended in that time; where it did not it goes on
    /// unwatched, and the device stays in use.
    pub(crate) fn wait_within(
        &self,
        index: Option<wgpu::SubmissionIndex>,
        time: Duration,
        stop: &dyn Fn() -> Result<()>,
    ) -> Result<bool> {
        match faults::at(Place::Wait) {
            None => self.poll_within(&index, time, stop),
            Some(Fault::TimeOut) => Ok(false),
            Some(Fault::OutOfMemory) => Err(out_of_memory()),
            Some(Fault::Lost) => {
                self.lose();
                Err(gone())
            }
        }
    }

    fn poll_within(
        &self,
        index: &Option<wgpu::SubmissionIndex>,
        time: Duration,
        stop: &dyn Fn() -> Result<()>,
    ) -> Result<bool> {
        let start = Instant::now();
        while start.elapsed() < time {
            match self.poll(index.clone(), Some(Duration::from_millis(20)))? {
                Ok(_) => return Ok(true),
                Err(wgpu::PollError::Timeout) => stop()?,
                Err(error) => return Err(self.no_answer(&error)),
            }
        }
        Ok(false)
    }

    /// wgpu's own wait. Not on a device that was lost: wgpu then frees all of its buffers, and a picture that somebody still
    /// shows lies in one of them.
    fn poll(
        &self,
        submission_index: Option<wgpu::SubmissionIndex>,
        timeout: Option<std::time::Duration>,
    ) -> Result<std::result::Result<wgpu::PollStatus, wgpu::PollError>> {
        if self.is_lost() {
            return Err(gone());
        }
        Ok(self.device.poll(wgpu::PollType::Wait { submission_index, timeout }))
    }

    /// Lets wgpu look once, for 20 ms at most, whether the work `after` (or all) is done and callbacks are due.
    pub(crate) fn poll_once(&self, after: Option<&wgpu::SubmissionIndex>) -> Result<()> {
        self.pass(Place::Wait)?;
        let timeout = Some(Duration::from_millis(20));
        match self.poll(after.cloned(), timeout)? {
            Ok(_) | Err(wgpu::PollError::Timeout) => Ok(()),
            Err(error) => Err(self.no_answer(&error)),
        }
    }

    /// Waits for a submission (or the last one), at most ten seconds.
    pub(crate) fn wait(&self, index: Option<wgpu::SubmissionIndex>) -> Result<()> {
        self.pass(Place::Wait)?;
        let timeout = Some(LONGEST_WAIT);
        let answer = self.poll(index, timeout)?;
        answer.map(|_| ()).map_err(|error| self.no_answer(&error))
    }
}
