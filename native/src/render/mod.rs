//! Scene + gpu → picture. A frame is a readable list of steps: trace rows until enough samples are summed, resolve,
//! read back.

pub mod cast;
pub mod drape;
pub mod estimate;
pub mod frame;
pub mod heightfield;
pub mod pacing;
pub mod programs;
pub mod readback;
pub mod resolve;
pub mod signals;
pub mod surface_style;
pub mod target;
pub mod trace;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use glam::{DVec2, DVec3};

use crate::error::{RenderError, Result};
use crate::gpu::adapter::AdapterChoice;
use crate::gpu::context::{self, GpuContext};
use crate::gpu::memory::{self, Allocator, Budget, Reservation};
use crate::scene::Scene;
use crate::scene::camera::View;
use crate::scene::grid::Grid;
use crate::scene::shading::ShadingModel;
use cast::Ray;
use drape::Drape;
use frame::{Crop, Frame, FrameBuffers, Lanes, MAX_SAMPLES, Styling, WORKGROUP_SIDE};
use heightfield::{Builder, Heightfield, HeightfieldBytes};
use pacing::Pacing;
use readback::Picture;
use resolve::ResolvePass;
use signals::{Call, Signals};
use surface_style::StyleProgram;
use target::Target;
use trace::{Rows, TracePass, WorkgroupRect};

/// Longest side of a picture.
pub const MAX_SIDE: u32 = 16_384;

/// Where the time and the bytes went. Milliseconds; see `forge3d_native.pyi`.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "documented in forge3d_native.pyi, field by field")]
pub struct RenderMetrics {
    pub upload_ms: f64,
    pub pyramid_ms: f64,
    pub compile_ms: f64,
    pub trace_ms: f64,
    pub resolve_ms: f64,
    pub readback_ms: f64,
    pub longest_submit_ms: f64,
    pub submits: u32,
    pub bytes_up: u64,
    pub bytes_down: u64,
    pub samples: u32,
    pub peak_bytes: u64,
    pub adapter: String,
}

/// All that a frame depends on. What is on the GPU was made for one key; another key means a new beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FrameKey {
    scene: u64,
    field: u64,
    drape: u64,
    size: [u32; 2],
    crop: Crop,
    /// How often somebody asked to begin again.
    beginning: u64,
}

/// What is on the GPU now.
struct Current {
    key: FrameKey,
    lanes: Lanes,
    workgroups: WorkgroupRect,
    terrain: wgpu::BindGroup,
}

/// The pipelines of a model of shading with or without a surface style.
struct Passes {
    model: &'static ShadingModel,
    style: Option<Arc<StyleProgram>>,
    trace: TracePass,
    resolve: ResolvePass,
}

/// Where the accumulation stands.
#[derive(Debug, Clone, Copy, Default)]
struct Accumulated {
    samples: u32,
    /// Rows of workgroups, of the rectangle that is traced, that hold one sample more.
    rows: u32,
}

/// Heights that may belong to several renderers, and what they count in this one's budget.
struct HeldField {
    field: Arc<Heightfield>,
    _share: Option<Reservation>,
}

/// Draws one heightfield into one picture.
pub struct Renderer {
    gpu: Arc<GpuContext>,
    memory: Allocator,
    size: [u32; 2],
    crop: Option<Crop>,
    scene: Option<(u64, Scene)>,
    field: Option<HeldField>,
    drape: Drape,
    buffers: FrameBuffers,
    target: Option<([u32; 2], Target)>,
    passes: Option<Passes>,
    current: Option<Current>,
    beginning: u64,
    accumulated: Accumulated,
    pacing: Pacing,
    metrics: RenderMetrics,
    signals: Arc<Signals>,
}

impl Renderer {
    /// A renderer for pictures of `size` pixels on the chosen adapter. `budget`: bytes that it may hold, its own; none
    /// for a share of the common budget.
    pub fn new(size: [u32; 2], choice: &AdapterChoice, budget: Option<u64>) -> Result<Self> {
        check_size(size)?;
        let gpu = context::context(choice)?;
        let start = Instant::now();
        let budget = match budget {
            Some(total) => Budget::own(total, gpu.memory.default_limits().host_visible),
            None => Budget::common(),
        };
        let memory = gpu.allocator(budget);
        let buffers = gpu.scoped(RenderError::Render, || FrameBuffers::new(&memory))?;
        let drape = Drape::none(&memory)?;
        log::debug!("renderer made in {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
        Ok(Self {
            size,
            crop: None,
            scene: None,
            field: None,
            drape,
            buffers,
            target: None,
            passes: None,
            current: None,
            beginning: 0,
            accumulated: Accumulated::default(),
            pacing: Pacing::new(gpu.info.kind.expected_rate()),
            metrics: RenderMetrics::default(),
            signals: Arc::default(),
            memory,
            gpu,
        })
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> [u32; 2] {
        self.size
    }

    /// To be used from other threads.
    #[must_use]
    pub fn signals(&self) -> Arc<Signals> {
        Arc::clone(&self.signals)
    }

    /// The context it lives in.
    #[must_use]
    pub fn gpu(&self) -> &Arc<GpuContext> {
        &self.gpu
    }

    /// What it may hold.
    #[must_use]
    pub fn budget(&self) -> &Arc<Budget> {
        self.memory.budget()
    }

    /// Another picture size, from zero samples; heights and scene stay.
    pub fn resize(&mut self, size: [u32; 2]) -> Result<()> {
        check_size(size)?;
        self.beginning += 1;
        self.size = size;
        self.crop = None;
        Ok(())
    }

    /// Makes the picture a rectangle of a larger one.
    pub fn set_crop(&mut self, crop: Crop) -> Result<()> {
        check_size(crop.full)?;
        let fits = (0..2).all(|i| crop.origin[i].checked_add(self.size[i]).is_some_and(|end| end <= crop.full[i]));
        if !fits {
            return Err(RenderError::Input(format!(
                "crop: expected {}×{} at {:?} inside {}×{}; got an edge outside; fix: move it or make the \
                 renderer smaller",
                self.size[0], self.size[1], crop.origin, crop.full[0], crop.full[1]
            )));
        }
        self.crop = Some(crop);
        Ok(())
    }

    /// Uploads heights of `grid`, row by row from `rows(wanted)`. The old heights go as soon as it is known that the
    /// new ones fit without them; they stay where the new ones do not.
    pub fn set_heights<'a>(
        &mut self,
        grid: Grid,
        rows: &mut dyn FnMut(Range<u32>) -> Result<Cow<'a, [f32]>>,
    ) -> Result<()> {
        let signals = self.signals();
        let call = signals.begin();
        if let Some(old) = self.field.as_ref().filter(|old| Arc::strong_count(&old.field) == 1) {
            let (limits, held, _) = self.budget().now();
            let freed = HeightfieldBytes::of(&old.field.terrain.grid).held();
            let wanted = HeightfieldBytes::of(&grid);
            if held - freed.min(held) + wanted.held() + wanted.staging <= limits.total {
                self.field = None;
            }
        }
        let mut builder = Builder::new(&self.gpu, &self.memory, grid)?;
        while let Some(wanted) = builder.wanted_rows() {
            call.check()?;
            builder.write_rows(&rows(wanted)?, &call)?;
        }
        let field = builder.finish(&call)?;
        self.metrics.upload_ms = field.upload_ms;
        self.metrics.pyramid_ms = field.pyramid_ms;
        self.metrics.bytes_up += u64::from(grid.cols) * u64::from(grid.rows) * 4;
        self.field = Some(HeldField { field: Arc::new(field), _share: None });
        Ok(())
    }

    /// The heights, to be given to another renderer.
    pub fn shared_heights(&self) -> Result<Arc<Heightfield>> {
        self.field().cloned()
    }

    /// Takes the heights of another renderer: held once, counted in the budgets of both.
    pub fn set_shared_heights(&mut self, field: Arc<Heightfield>) -> Result<()> {
        let share = field.share(&self.memory)?;
        self.field = Some(HeldField { field, _share: share });
        Ok(())
    }

    /// An sRGB picture over the ground: size and rows of RGBA bytes, or none.
    pub fn set_drape(&mut self, drape: Option<([u32; 2], &[u8])>) -> Result<()> {
        let signals = self.signals();
        let call = signals.begin();
        let make = |renderer: &Self| match drape {
            Some((size, rgba)) => Drape::new(&renderer.memory, size, rgba, &call),
            None => Drape::none(&renderer.memory),
        };
        self.drape = match make(self) {
            // Perhaps there is room without the old one, which nothing may hold then.
            Err(RenderError::Budget(_)) => {
                self.drape = Drape::none(&self.memory)?;
                make(self)?
            }
            made => made?,
        };
        self.metrics.bytes_up += drape.map_or(0, |(_, rgba)| rgba.len() as u64);
        Ok(())
    }

    /// What to draw; an equal scene changes nothing.
    pub fn set_scene(&mut self, scene: Scene) {
        let revision = match &self.scene {
            Some((_, old)) if *old == scene => return,
            Some((revision, _)) => revision + 1,
            None => 1,
        };
        self.scene = Some((revision, scene));
    }

    fn field(&self) -> Result<&Arc<Heightfield>> {
        self.field
            .as_ref()
            .map(|held| &held.field)
            .ok_or_else(|| RenderError::Render("expected heights; got none; fix: call set_height_data first".into()))
    }

    fn scene(&self) -> Result<&Scene> {
        self.scene
            .as_ref()
            .map(|(_, scene)| scene)
            .ok_or_else(|| RenderError::Render("expected a scene; got none; fix: call set_scene first".into()))
    }

    fn crop(&self) -> Crop {
        self.crop.unwrap_or(Crop { origin: [0, 0], full: self.size })
    }

    /// The camera with its fitted values.
    pub fn view(&self) -> Result<View> {
        let scene = self.scene()?;
        Ok(View::new(&scene.camera, &self.field()?.terrain, scene.exaggeration, self.crop().full))
    }

    /// Heights as uploaded.
    #[must_use]
    pub fn heightfield(&self) -> Option<&Arc<Heightfield>> {
        self.field.as_ref().map(|held| &held.field)
    }

    fn key(&self) -> Result<FrameKey> {
        self.scene()?;
        Ok(FrameKey {
            scene: self.scene.as_ref().map_or(0, |(revision, _)| *revision),
            field: self.field()?.id,
            drape: self.drape.id,
            size: self.size,
            crop: self.crop(),
            beginning: self.beginning,
        })
    }

    /// Step 1: makes what is missing and brings lanes and frame to the GPU. Zero samples after a change.
    fn prepare(&mut self) -> Result<()> {
        let key = self.key()?;
        if self.current.as_ref().is_some_and(|current| current.key == key) {
            return Ok(());
        }
        let gpu = Arc::clone(&self.gpu);
        if self.target.as_ref().is_some_and(|(size, _)| *size != self.size) {
            self.target = None;
        }
        let target = match self.target.take() {
            Some((_, target)) => target,
            None => Target::new(&gpu, &self.memory, self.size, &self.buffers)?,
        };
        let view = self.view()?;
        let (scene, field, crop) = (self.scene()?, self.field()?, self.crop());
        let terrain = &field.terrain;
        let workgroups = WorkgroupRect::of(&view, terrain, scene.exaggeration, self.size, &crop);
        let lanes = Lanes::new(scene, terrain, &view);
        let ramp = scene.style.ramp.table(f64::from(terrain.lowest), f64::from(terrain.highest));
        let numbers = [field.top_level(), workgroups.first[0], ramp.len() as u32 - 1];
        let frame = Frame::new(scene, terrain, &view, self.size, &crop, numbers);
        let model = scene.shading;
        let surface = scene.surface.as_ref().filter(|_| model.uses_colors);
        let style = surface.map(surface_style::compile).transpose()?;
        let styling = surface.map(|surface| Styling::new(surface, terrain, surface_style::WORK));
        let new_passes = match &self.passes {
            Some(passes) if std::ptr::eq(passes.model, model) && passes.style == style => None,
            _ => Some(gpu.scoped(RenderError::Render, || {
                let trace = TracePass::new(&gpu, model, style.as_deref(), &self.buffers.styling)?;
                Ok(Passes { model, style, trace, resolve: ResolvePass::new(&gpu, model.output)? })
            })?),
        };
        let terrain = gpu.scoped(RenderError::Render, || {
            self.buffers.write(&self.memory, &lanes, &frame, &ramp, styling.as_ref());
            let mut encoder = gpu.encoder("forge3d.reset");
            for slab in &target.slabs {
                slab.clear(&mut encoder);
            }
            gpu.queue.submit([encoder.finish()]);
            Ok(field.bind(&gpu, &self.drape.texture))
        })?;
        self.target = Some((self.size, target));
        self.current = Some(Current { key, lanes, workgroups, terrain });
        self.accumulated = Accumulated::default();
        self.metrics.trace_ms = 0.0;
        self.metrics.longest_submit_ms = 0.0;
        self.metrics.submits = 0;
        self.signals.set_progress(0.0);
        if let Some(passes) = new_passes {
            self.passes = Some(passes);
            self.warm_up()?;
        }
        Ok(())
    }

    /// Software drivers compile at the first dispatch: one workgroup, outside the measured submits. It traces sample 0,
    /// which the real sample 0 then replaces.
    ///
    /// How long a surface style takes nobody knows before: the pace begins at what one workgroup shows.
    fn warm_up(&mut self) -> Result<()> {
        let (_, current, passes) = self.frame_parts()?;
        let (workgroups, style) = (current.workgroups, passes.style.clone());
        if workgroups.count == [0, 0] {
            return Ok(());
        }
        let one = Rows { sample: 0, first: workgroups.first[1] + workgroups.count[1] / 2, count: [1, 1] };
        if self.gpu.shaders.first_use(&programs::trace(passes.model, style.as_deref()).program) {
            let start = Instant::now();
            self.submit_rows(&one, false)?;
            self.gpu.shaders.add_compile_ms(start.elapsed().as_secs_f64() * 1e3);
        }
        if style.is_some() {
            let start = Instant::now();
            self.submit_rows(&one, false)?;
            let milliseconds = start.elapsed().as_secs_f64() * 1e3;
            self.pacing.learn(f64::from(WORKGROUP_SIDE * WORKGROUP_SIDE), milliseconds);
        }
        Ok(())
    }

    /// What `prepare` has made.
    fn frame_parts(&self) -> Result<(&Target, &Current, &Passes)> {
        match (&self.target, &self.current, &self.passes) {
            (Some((_, target)), Some(current), Some(passes)) => Ok((target, current, passes)),
            _ => Err(RenderError::Internal("a frame was used before it was prepared".into())),
        }
    }

    /// Traces some rows of workgroups and waits; `and_read`: resolves and reads the picture in the same submit.
    fn submit_rows(&self, rows: &Rows, and_read: bool) -> Result<Option<Picture>> {
        let (target, current, passes) = self.frame_parts()?;
        let gpu = &self.gpu;
        gpu.scoped(RenderError::Render, || {
            let mut encoder = gpu.encoder("forge3d.trace");
            let slab = target.slab_of(rows.first);
            passes.trace.record(&mut encoder, &target.frame_group, &current.terrain, slab, rows);
            if and_read {
                readback::read(&self.memory, encoder, target, &passes.resolve, self.size).map(Some)
            } else {
                gpu.submit_and_wait(encoder).map(|()| None)
            }
        })
    }

    /// Traces until `time` is over or every pixel holds `samples` samples; at least one submit. Returns whole samples.
    pub fn refine(&mut self, time: Duration, samples: u32) -> Result<u32> {
        let signals = self.signals();
        self.trace(time, samples, false, &signals.begin())?;
        Ok(self.accumulated.samples)
    }

    /// Step 2: traces. With `and_read` the picture is made in the submit of its last rows, if they are reached.
    fn trace(&mut self, time: Duration, samples: u32, and_read: bool, call: &Call<'_>) -> Result<Option<Picture>> {
        if !(1..=MAX_SAMPLES).contains(&samples) {
            return Err(RenderError::Input(format!(
                "samples: expected 1..{MAX_SAMPLES}; got {samples}; fix: choose a number inside"
            )));
        }
        call.check()?;
        self.prepare()?;
        let workgroups = self.frame_parts()?.1.workgroups;
        let start = Instant::now();
        let mut picture = None;
        while self.accumulated.samples < samples {
            call.check()?;
            if workgroups.count == [0, 0] {
                self.accumulated = Accumulated { samples, rows: 0 };
                break;
            }
            let Accumulated { samples: sample, rows: done } = self.accumulated;
            let pixels_a_row = workgroups.count[0] * WORKGROUP_SIDE * WORKGROUP_SIDE;
            let first = workgroups.first[1] + done;
            let end_of_slab = self.frame_parts()?.0.slab_of(first).workgroup_rows.end;
            let left = (workgroups.count[1] - done).min(end_of_slab - first);
            let rows = self.pacing.rows(pixels_a_row, left);
            let is_last = done + rows == workgroups.count[1];
            let submit = Instant::now();
            let rows_of_sample = Rows { sample, first, count: [workgroups.count[0], rows] };
            picture = self.submit_rows(&rows_of_sample, and_read && is_last && sample + 1 == samples)?;
            let milliseconds = submit.elapsed().as_secs_f64() * 1e3;
            self.pacing.learn(f64::from(pixels_a_row) * f64::from(rows), milliseconds);
            self.metrics.trace_ms += milliseconds;
            self.metrics.longest_submit_ms = self.metrics.longest_submit_ms.max(milliseconds);
            self.metrics.submits += 1;
            self.accumulated = if is_last {
                Accumulated { samples: sample + 1, rows: 0 }
            } else {
                Accumulated { samples: sample, rows: done + rows }
            };
            self.tell_progress(workgroups.count[1]);
            if start.elapsed() >= time {
                break;
            }
        }
        self.tell_progress(workgroups.count[1].max(1));
        Ok(picture)
    }

    fn tell_progress(&self, workgroup_rows: u32) {
        let Accumulated { samples, rows } = self.accumulated;
        self.signals.set_progress(f64::from(samples) + f64::from(rows) / f64::from(workgroup_rows));
    }

    /// Step 3: the picture so far: rows of RGBA, sRGB, straight alpha.
    pub fn read_rgba(&mut self) -> Result<Picture> {
        self.prepare()?;
        let start = Instant::now();
        let (target, _, passes) = self.frame_parts()?;
        let gpu = &self.gpu;
        let picture = gpu.scoped(RenderError::Readback, || {
            readback::read(&self.memory, gpu.encoder("forge3d.resolve"), target, &passes.resolve, self.size)
        })?;
        self.note_read(&picture, start.elapsed());
        Ok(picture)
    }

    fn note_read(&mut self, picture: &Picture, since: Duration) {
        self.metrics.readback_ms = picture.copy_ms;
        self.metrics.resolve_ms = since.as_secs_f64() * 1e3 - picture.copy_ms;
        self.metrics.bytes_down += picture.len() as u64;
    }

    /// All of it from zero samples, in as few submits as it takes.
    pub fn render(&mut self, samples: u32) -> Result<Picture> {
        let signals = self.signals();
        self.beginning += 1;
        match self.trace(Duration::MAX, samples, true, &signals.begin())? {
            Some(picture) => {
                // Resolving and copying were part of the last submit, whose time stands in trace_ms.
                self.note_read(&picture, Duration::from_secs_f64(picture.copy_ms / 1e3));
                Ok(picture)
            }
            None => self.read_rgba(),
        }
    }

    /// What the lanes hold for the current scene; zeros without one.
    pub fn uniform_lanes(&mut self) -> Result<[f32; 44]> {
        if self.scene.is_none() || self.field.is_none() {
            return Ok([0.0; 44]);
        }
        self.prepare()?;
        Ok(self.current.as_ref().map_or([0.0; 44], |current| bytemuck::cast(current.lanes)))
    }

    /// Casts rays through the very function that draws: distance (-1 for none), column, row, kind (1 surface, 2 wall).
    pub fn cast_rays(&mut self, rays: &[Ray]) -> Result<Vec<[f32; 4]>> {
        self.prepare()?;
        let (target, current, _) = self.frame_parts()?;
        cast::cast(&self.gpu, &self.memory, &target.frame_group, &current.terrain, rays)
    }

    /// Column, row, world x, y and height (without exaggeration) under a place of the picture in pixels.
    pub fn pick(&mut self, place: DVec2) -> Result<Option<[f64; 5]>> {
        let view = self.view()?;
        let exaggeration = self.scene()?.exaggeration;
        let grid = self.field()?.terrain.grid;
        let crop = self.crop();
        let full = DVec2::new(f64::from(crop.full[0]), f64::from(crop.full[1]));
        let origin = DVec2::new(f64::from(crop.origin[0]), f64::from(crop.origin[1]));
        let ndc = ((place + origin) / full - 0.5) * DVec2::new(2.0, -2.0);
        let (origin, direction) = view.rays().at(ndc);
        let as_f32 = |v: DVec3| v.as_vec3().extend(0.0).to_array();
        let hit = self.cast_rays(&[Ray { origin: as_f32(origin), direction: as_f32(direction) }])?[0];
        if hit[3] != 1.0 {
            return Ok(None);
        }
        let cells = DVec2::new(hit[1].into(), hit[2].into());
        let world = grid.world(cells);
        let height = (origin.z + direction.z * f64::from(hit[0])) / exaggeration;
        Ok(Some([cells.x, cells.y, world.x, world.y, height]))
    }

    /// Where time and bytes went so far.
    #[must_use]
    pub fn metrics(&self) -> RenderMetrics {
        RenderMetrics {
            samples: self.accumulated.samples,
            compile_ms: self.gpu.shaders.compile_ms(),
            peak_bytes: memory::metrics().peak_bytes,
            adapter: self.gpu.info.name.clone(),
            ..self.metrics.clone()
        }
    }
}

pub(crate) fn check_size(size: [u32; 2]) -> Result<()> {
    if size.iter().all(|side| (1..=MAX_SIDE).contains(side)) {
        Ok(())
    } else {
        Err(RenderError::Input(format!(
            "picture size: expected 1..{MAX_SIDE} pixels a side; got {}×{}; fix: choose sides inside",
            size[0], size[1]
        )))
    }
}
