//! The steps of a frame: bring the scene to the GPU, trace rows until enough samples are summed, resolve, read back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::frame::{Frame, Lanes, MAX_SAMPLES, Styling, WORKGROUP_SIDE};
use super::readback::{self, Picture, Spans, Submitted};
use super::resolve::ResolvePass;
use super::signals::Call;
use super::target::Target;
use super::trace::{Rows, TracePass, WorkgroupRect};
use super::{Accumulated, Current, FrameTimes, Passes, Renderer, surface_style};
use crate::error::{RenderError, Result};
use crate::gpu::device::LONGEST_WAIT;
use crate::gpu::faults::Place;
use crate::gpu::shaders::Program;
use crate::gpu::stamps::SPANS;

/// What one submit traces: rows of samples, in order, and where the accumulation stands after them.
pub(super) struct Work {
    parts: Vec<Rows>,
    pub after: Accumulated,
    /// Pixels times samples.
    pub pixels: f64,
}

/// What became of a submit.
pub(super) enum Sent {
    Rows(wgpu::SubmissionIndex),
    Picture(Submitted),
}

pub(super) fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

pub(crate) fn check_samples(samples: impl Into<i128>) -> Result<()> {
    let samples = samples.into();
    if (1..=i128::from(MAX_SAMPLES)).contains(&samples) {
        return Ok(());
    }
    Err(RenderError::Input(format!("samples: expected 1..{MAX_SAMPLES}; got {samples}; fix: choose a number inside")))
}

impl Renderer {
    /// Buffers of the picture's size.
    pub(super) fn prepare_target(&mut self) -> Result<()> {
        if self.target.as_ref().is_some_and(|(size, _)| *size != self.size) {
            self.target = None;
            self.current = None;
        }
        if self.target.is_none() {
            let target = Target::new(&self.gpu, &self.memory, self.size, &self.buffers)?;
            self.ring.make_room(&self.memory, &target.readback)?;
            self.target = Some((self.size, target));
        }
        Ok(())
    }

    /// Step 1: makes what is missing and brings lanes and frame to the GPU. Zero samples after a change.
    pub(super) fn prepare(&mut self, call: &Call<'_>) -> Result<()> {
        let key = self.key()?;
        if self.current.as_ref().is_some_and(|current| current.key == key) {
            return Ok(());
        }
        self.prepare_target()?;
        let gpu = Arc::clone(&self.gpu);
        let view = self.view()?;
        let (scene, field, crop) = (self.scene()?.clone(), Arc::clone(self.field()?), self.crop());
        let terrain = &field.terrain;
        let workgroups = WorkgroupRect::of(&view, terrain, scene.exaggeration, self.size, &crop);
        let lanes = Lanes::new(&scene, terrain, &view);
        let (model, bits) = (scene.shading, field.bits());
        let surface = scene.surface.as_ref().filter(|_| model.uses_colors);
        let style = surface.map(surface_style::compile).transpose()?;
        let new_passes = match &self.passes {
            Some(passes) if std::ptr::eq(passes.model, model) && passes.bits == bits && passes.style == style => None,
            _ => Some(gpu.scoped(RenderError::Render, || {
                let trace = TracePass::new(&gpu, model, bits, style.as_deref(), &self.buffers.styling)?;
                Ok(Passes { model, bits, style, trace, resolve: ResolvePass::new(&gpu, model.output)? })
            })?),
        };
        let start = Instant::now();
        // Nothing is current until all of the new picture is there.
        let old = self.current.take();
        let terrain_group =
            old.filter(|old| (old.key.field, old.key.drape) == (key.field, key.drape)).map(|old| old.terrain);
        let terrain_group = gpu.scoped(RenderError::Render, || {
            let heights = [f64::from(terrain.lowest), f64::from(terrain.highest)];
            let ramp_last = self.buffers.write_ramp(&self.memory, &scene.style.ramp, heights);
            let numbers =
                [field.top_level(), workgroups.first[0], workgroups.first[0] + workgroups.count[0], ramp_last];
            let frame = Frame::new(&scene, terrain, &view, self.size, &crop, numbers);
            self.buffers.write(&self.memory, &lanes, &frame);
            if let Some(surface) = surface {
                self.buffers.write_styling(&self.memory, &Styling::new(surface, terrain, surface_style::WORK));
            }
            Ok(terrain_group.unwrap_or_else(|| field.bind(&gpu, &self.drape().texture)))
        })?;
        self.current = Some(Current { key, lanes, workgroups, terrain: terrain_group, is_cleared: false });
        self.accumulated = Accumulated::default();
        self.times = FrameTimes { encode_ms: milliseconds(start), ..FrameTimes::default() };
        self.signals.set_progress(0.0);
        if let Some(passes) = new_passes {
            let program = passes.trace_program();
            self.passes = Some(passes);
            if let Err(error) = self.warm_up(&program, call) {
                // Nothing is known of how long these passes take: the next picture begins with them anew.
                self.gpu.shaders.unused(&program);
                (self.passes, self.current) = (None, None);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Software drivers compile at the first dispatch: one workgroup, outside the measured submits. It traces sample 0,
    /// which the real sample 0 then replaces.
    ///
    /// How long a surface style takes nobody knows before: the pace begins at what one workgroup shows.
    fn warm_up(&mut self, program: &Program, call: &Call<'_>) -> Result<()> {
        let (_, current, passes) = self.frame_parts()?;
        let WorkgroupRect { first, count } = current.workgroups;
        let has_style = passes.style.is_some();
        if count == [0, 0] {
            return Ok(());
        }
        let rows = Rows { sample: 0, first: first[1] + count[1] / 2, count: [1, 1] };
        if self.gpu.shaders.first_use(program) {
            let compile_ms = self.try_rows(&rows, call)?;
            self.gpu.shaders.add_compile_ms(compile_ms);
        }
        if has_style {
            let milliseconds = self.try_rows(&rows, call)?;
            self.pacing.learn(f64::from(WORKGROUP_SIDE * WORKGROUP_SIDE), milliseconds);
        }
        Ok(())
    }

    /// Milliseconds that some rows of workgroups take. A style that takes too long is at fault, not the device.
    fn try_rows(&self, rows: &Rows, call: &Call<'_>) -> Result<f64> {
        let start = Instant::now();
        let (target, current, passes) = self.frame_parts()?;
        let style = passes.style.as_ref().and(self.scene()?.surface.as_ref());
        self.gpu.scoped(RenderError::Render, || {
            let mut encoder = self.gpu.encoder("forge3d.warm_up");
            let slab = target.slab_of(rows.first);
            passes.trace.record(&mut encoder, &target.frame_group, &current.terrain, slab, rows, None);
            self.gpu.pass(Place::Commands)?;
            let index = Some(self.gpu.queue.submit([encoder.finish()]));
            match style {
                None => self.gpu.wait_unless(index, &|| call.check()),
                Some(style) if !self.gpu.wait_within(index, LONGEST_WAIT, &|| call.check())? => {
                    Err(RenderError::Shader(format!(
                        "{}: expected a style that the driver is ready to draw within {} s; got none; \
                         fix: use smaller arrays and fewer loops, or choose another adapter",
                        style.name,
                        LONGEST_WAIT.as_secs()
                    )))
                }
                Some(_) => Ok(()),
            }
        })?;
        Ok(milliseconds(start))
    }

    /// What `prepare` has made.
    pub(super) fn frame_parts(&self) -> Result<(&Target, &Current, &Passes)> {
        match (&self.target, &self.current, &self.passes) {
            (Some((_, target)), Some(current), Some(passes)) => Ok((target, current, passes)),
            _ => Err(RenderError::Internal("a frame was used before it was prepared".into())),
        }
    }

    /// What the next submit traces on the way to `samples` samples. Its first rows are as many as the rate allows; rows
    /// of further samples go with them as long as they are expected to take `spare_ms` at most.
    pub(super) fn plan(&self, samples: u32, spare_ms: f64) -> Result<Work> {
        let (target, current, _) = self.frame_parts()?;
        let WorkgroupRect { first, count } = current.workgroups;
        let mut work = Work { parts: Vec::new(), after: self.accumulated, pixels: 0.0 };
        if count == [0, 0] {
            work.after = Accumulated { samples, rows: 0 };
            return Ok(work);
        }
        let pixels_a_row = count[0] * WORKGROUP_SIDE * WORKGROUP_SIDE;
        while work.after.samples < samples {
            let Accumulated { samples: sample, rows: done } = work.after;
            let first_row = first[1] + done;
            let left = (count[1] - done).min(target.slab_of(first_row).workgroup_rows.end - first_row);
            let rows = if work.parts.is_empty() {
                self.pacing.rows(pixels_a_row, left)
            } else {
                self.pacing.further_rows(work.pixels, pixels_a_row, left, spare_ms)
            };
            if rows == 0 {
                break;
            }
            work.parts.push(Rows { sample, first: first_row, count: [count[0], rows] });
            work.pixels += f64::from(pixels_a_row) * f64::from(rows);
            work.after = if done + rows == count[1] {
                Accumulated { samples: sample + 1, rows: 0 }
            } else {
                Accumulated { samples: sample, rows: done + rows }
            };
        }
        Ok(work)
    }

    /// Encodes and submits `work`; with `and_read` the picture's bytes as well. Waits for nothing.
    pub(super) fn send(&mut self, work: &Work, and_read: bool) -> Result<Sent> {
        if self.times.spans == SPANS {
            let ms = self.buffers.stamps.gather_and_read(&self.memory, SPANS)?;
            self.times.add_gpu_ms(Some(ms));
        }
        let start = Instant::now();
        let (target, current, passes) = self.frame_parts()?;
        let (gpu, stamps) = (&self.gpu, &self.buffers.stamps);
        let mut encoder = gpu.encoder("forge3d.trace");
        if !current.is_cleared {
            for slab in &target.slabs {
                slab.clear(&mut encoder);
            }
        }
        // One span a submit, from its first pass to its last.
        let span = (stamps.has_clock() && (and_read || !work.parts.is_empty())).then_some(self.times.spans);
        for (nth, rows) in work.parts.iter().enumerate() {
            let slab = target.slab_of(rows.first);
            let ends = !and_read && nth + 1 == work.parts.len();
            let times = span.and_then(|span| stamps.writes(span, nth == 0, ends));
            passes.trace.record(&mut encoder, &target.frame_group, &current.terrain, slab, rows, times);
        }
        let spans = self.times.spans + u32::from(span.is_some());
        let sent = if and_read {
            let spans = Spans { count: spans, last: span, begins: work.parts.is_empty() };
            Sent::Picture(readback::submit(&self.memory, encoder, target, &passes.resolve, self.size, stamps, spans)?)
        } else {
            gpu.pass(Place::Commands)?;
            Sent::Rows(gpu.queue.submit([encoder.finish()]))
        };
        if let Some(current) = &mut self.current {
            current.is_cleared = true;
        }
        self.accumulated = work.after;
        self.times.spans = if and_read { 0 } else { spans };
        self.times.encode_ms += milliseconds(start);
        self.times.submits += u32::from(!work.parts.is_empty());
        Ok(sent)
    }

    /// Waits for a picture.
    pub(super) fn land(&self, submitted: Submitted, size: [u32; 2], call: &Call<'_>) -> Result<Picture> {
        let target = self.target.as_ref().map(|(_, target)| target);
        readback::wait(&self.memory, submitted, target, &self.buffers.stamps, size, &|| call.check())
    }

    /// Traces until `time` is over or every pixel holds `samples` samples; at least one submit. Returns whole samples.
    pub fn refine(&mut self, time: Duration, samples: u32) -> Result<u32> {
        let signals = self.signals();
        self.trace(time, samples, false, &signals.begin())?;
        Ok(self.accumulated.samples)
    }

    /// Step 2: traces. With `and_read` the picture is made in the submit of its last rows, if they are reached.
    fn trace(&mut self, time: Duration, samples: u32, and_read: bool, call: &Call<'_>) -> Result<Option<Picture>> {
        check_samples(samples)?;
        call.check()?;
        self.prepare(call)?;
        self.ring.tell(None);
        let start = Instant::now();
        let mut picture = None;
        while self.accumulated.samples < samples {
            call.check()?;
            let spare_ms = time.saturating_sub(start.elapsed()).as_secs_f64() * 1e3;
            let work = self.plan(samples, spare_ms)?;
            let reads = and_read && work.after.samples == samples;
            if work.parts.is_empty() && !reads {
                self.accumulated = work.after;
                break;
            }
            let gpu = Arc::clone(&self.gpu);
            let submit = Instant::now();
            picture = gpu.scoped(RenderError::Render, || match self.send(&work, reads)? {
                Sent::Rows(index) => gpu.wait(Some(index)).map(|()| None),
                Sent::Picture(submitted) => self.land(submitted, self.size, call).map(Some),
            })?;
            self.learn(work.pixels, milliseconds(submit));
            if start.elapsed() >= time {
                break;
            }
        }
        self.tell_progress();
        Ok(picture)
    }

    /// Notes what a submit took.
    pub(super) fn learn(&mut self, pixels: f64, milliseconds: f64) {
        if pixels > 0.0 {
            self.pacing.learn(pixels, milliseconds);
        }
        self.times.trace_ms += milliseconds;
        self.times.longest_submit_ms = self.times.longest_submit_ms.max(milliseconds);
        self.tell_progress();
    }

    fn tell_progress(&self) {
        let Accumulated { samples, rows } = self.accumulated;
        let of = self.current.as_ref().map_or(1, |current| current.workgroups.count[1].max(1));
        self.signals.set_progress(f64::from(samples) + f64::from(rows) / f64::from(of));
    }

    /// Step 3: the picture so far: rows of RGBA, sRGB, straight alpha.
    pub fn read_rgba(&mut self) -> Result<Picture> {
        let signals = self.signals();
        let call = signals.begin();
        self.prepare(&call)?;
        self.ring.tell(None);
        let start = Instant::now();
        let gpu = Arc::clone(&self.gpu);
        let nothing = Work { parts: Vec::new(), after: self.accumulated, pixels: 0.0 };
        let picture = gpu.scoped(RenderError::Readback, || match self.send(&nothing, true)? {
            Sent::Picture(submitted) => self.land(submitted, self.size, &call),
            Sent::Rows(_) => Err(RenderError::Internal("a picture was not asked for".into())),
        })?;
        self.note_read(&picture, milliseconds(start));
        Ok(picture)
    }

    /// `since_ms`: from the beginning of resolving to the bytes.
    pub(super) fn note_read(&mut self, picture: &Picture, since_ms: f64) {
        self.times.add_gpu_ms(picture.gpu_ms);
        self.metrics.readback_ms = picture.copy_ms;
        self.metrics.resolve_ms = since_ms - picture.copy_ms;
        self.metrics.bytes_down += picture.len() as u64;
    }

    /// All of it from zero samples, in as few submits as it takes.
    pub fn render(&mut self, samples: u32) -> Result<Picture> {
        let signals = self.signals();
        self.beginning += 1;
        match self.trace(Duration::MAX, samples, true, &signals.begin())? {
            Some(picture) => {
                // Resolving and copying were part of the last submit, whose time stands in trace_ms.
                self.note_read(&picture, picture.copy_ms);
                Ok(picture)
            }
            None => self.read_rgba(),
        }
    }
}
