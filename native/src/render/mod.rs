//! Scene + gpu → picture. A frame is a readable list of steps: trace rows until enough samples are summed, resolve,
//! read back.

pub mod cast;
pub mod drape;
pub mod estimate;
pub mod frame;
mod frame_loop;
pub mod heightfield;
pub mod pacing;
pub mod programs;
pub mod readback;
pub mod resolve;
mod ring;
pub mod signals;
pub mod stored;
pub mod surface_style;
pub mod target;
pub mod trace;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use glam::{DVec2, DVec3};

use crate::error::{RenderError, Result};
use crate::gpu::adapter::AdapterChoice;
use crate::gpu::context::{self, GpuContext};
use crate::gpu::memory::{self, Allocator, Budget, Reservation};
use crate::gpu::shaders::Program;
use crate::scene::Scene;
use crate::scene::camera::View;
use crate::scene::grid::Grid;
use crate::scene::shading::ShadingModel;
use cast::Ray;
use drape::Drape;
use frame::{Crop, FrameBuffers, Lanes};
pub(crate) use frame_loop::check_samples;
use heightfield::{Builder, Heightfield, HeightfieldBytes};
use pacing::Pacing;
use resolve::ResolvePass;
use ring::Ring;
use signals::{Call, Signals};
use stored::{Bits, Stored};
use surface_style::StyleProgram;
use target::Target;
use trace::{TracePass, WorkgroupRect};

/// Longest side of a picture.
pub const MAX_SIDE: u32 = 16_384;

/// Where the time and the bytes went. Milliseconds; see `forge3d_native.pyi`.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "documented in forge3d_native.pyi, field by field")]
pub struct RenderMetrics {
    pub upload_ms: f64,
    pub pyramid_ms: f64,
    pub compile_ms: f64,
    pub encode_ms: f64,
    pub gpu_ms: Option<f64>,
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
    /// Whether the target has been told that it holds no sample of this picture.
    is_cleared: bool,
}

/// The pipelines of a model of shading, with or without a surface style, for heights that are held in one way.
struct Passes {
    model: &'static ShadingModel,
    bits: Bits,
    style: Option<Arc<StyleProgram>>,
    trace: TracePass,
    resolve: ResolvePass,
}

impl Passes {
    /// The program that traces.
    fn trace_program(&self) -> Program {
        programs::trace(self.model, self.bits, self.style.as_deref()).program
    }
}

/// What drawing one picture took so far.
#[derive(Debug, Clone, Copy, Default)]
struct FrameTimes {
    encode_ms: f64,
    /// By the GPU's own clock, as far as it was read.
    gpu_ms: Option<f64>,
    /// Spans of it that were not read yet.
    spans: u32,
    trace_ms: f64,
    longest_submit_ms: f64,
    submits: u32,
    samples: u32,
}

impl FrameTimes {
    /// Spans that were read.
    fn add_gpu_ms(&mut self, read: Option<f64>) {
        self.spans = 0;
        self.gpu_ms = read.map(|ms| self.gpu_ms.unwrap_or(0.0) + ms);
    }
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
    drape: Option<Drape>,
    /// Stands where there is no drape; made once, so that taking a drape away never asks for memory.
    no_drape: Drape,
    buffers: FrameBuffers,
    target: Option<([u32; 2], Target)>,
    passes: Option<Passes>,
    current: Option<Current>,
    beginning: u64,
    accumulated: Accumulated,
    pacing: Pacing,
    times: FrameTimes,
    metrics: RenderMetrics,
    ring: Ring,
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
            Some(total) => Budget::own(total, memory::follow_free_memory(&gpu).0.host_visible),
            None => Budget::common(),
        };
        let memory = gpu.allocator(budget);
        let buffers = gpu.scoped(RenderError::Render, || FrameBuffers::new(&memory))?;
        let no_drape = Drape::none(&memory)?;
        log::debug!("renderer made in {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
        Ok(Self {
            size,
            crop: None,
            scene: None,
            field: None,
            drape: None,
            no_drape,
            buffers,
            target: None,
            passes: None,
            current: None,
            beginning: 0,
            accumulated: Accumulated::default(),
            pacing: Pacing::new(gpu.info.kind.expected_rate()),
            times: FrameTimes::default(),
            metrics: RenderMetrics::default(),
            ring: Ring::default(),
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

    /// Makes room for heights of `grid`. The old heights go as soon as it is known that the new ones fit without them;
    /// they stay where the new ones do not.
    pub fn begin_heights(&mut self, grid: Grid, stored: Stored) -> Result<Builder> {
        if let Some(old) = self.field.as_ref().filter(|old| Arc::strong_count(&old.field) == 1) {
            let (limits, held, _) = self.budget().now();
            let freed = old.field.bytes().held();
            let wanted = HeightfieldBytes::of(&grid, stored.bits);
            if held - freed.min(held) + wanted.held() + wanted.staging <= limits.total {
                self.field = None;
            }
        }
        Builder::new(&self.gpu, &self.memory, grid, stored)
    }

    /// Takes the heights that all rows have come of.
    pub fn end_heights(&mut self, builder: Builder, call: &Call<'_>) -> Result<()> {
        let field = builder.finish(call)?;
        let Grid { cols, rows, .. } = field.terrain.grid;
        self.metrics.upload_ms = field.upload_ms;
        self.metrics.pyramid_ms = field.pyramid_ms;
        self.metrics.bytes_up += u64::from(field.bits().words(cols)) * u64::from(rows) * 4;
        self.field = Some(HeldField { field: Arc::new(field), _share: None });
        Ok(())
    }

    /// Uploads heights of `grid`, some of the wanted rows at a time, from `rows(wanted)`.
    pub fn set_heights<'a>(
        &mut self,
        grid: Grid,
        stored: Stored,
        rows: &mut dyn FnMut(Range<u32>) -> Result<Cow<'a, [f32]>>,
    ) -> Result<()> {
        let signals = self.signals();
        let call = signals.begin();
        let mut builder = self.begin_heights(grid, stored)?;
        while let Some(wanted) = builder.wanted_rows() {
            call.check()?;
            builder.write_rows(&rows(wanted)?, &call)?;
        }
        self.end_heights(builder, &call)
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
        let Some((size, rgba)) = drape else {
            self.drape = None;
            return Ok(());
        };
        self.drape = Some(match Drape::new(&self.memory, size, rgba, &call) {
            // Perhaps there is room without the old one, which nothing may hold then.
            Err(RenderError::Budget(_)) if self.drape.is_some() => {
                self.drape = None;
                Drape::new(&self.memory, size, rgba, &call)?
            }
            made => made?,
        });
        self.metrics.bytes_up += rgba.len() as u64;
        Ok(())
    }

    fn drape(&self) -> &Drape {
        self.drape.as_ref().unwrap_or(&self.no_drape)
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
            drape: self.drape().id,
            size: self.size,
            crop: self.crop(),
            beginning: self.beginning,
        })
    }

    /// What the lanes hold for the current scene; zeros without one.
    pub fn uniform_lanes(&mut self) -> Result<[f32; 44]> {
        if self.scene.is_none() || self.field.is_none() {
            return Ok([0.0; 44]);
        }
        let signals = self.signals();
        self.prepare(&signals.begin())?;
        Ok(self.current.as_ref().map_or([0.0; 44], |current| bytemuck::cast(current.lanes)))
    }

    /// Casts rays through the very function that draws: distance (-1 for none), column, row, kind (1 surface, 2 wall).
    pub fn cast_rays(&mut self, rays: &[Ray]) -> Result<Vec<[f32; 4]>> {
        let signals = self.signals();
        self.prepare(&signals.begin())?;
        let (target, current, passes) = self.frame_parts()?;
        cast::cast(&self.gpu, &self.memory, &target.frame_group, &current.terrain, passes.bits, rays)
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
        let FrameTimes { encode_ms, gpu_ms, trace_ms, longest_submit_ms, submits, samples, .. } = match self.ring.told()
        {
            Some(times) => times,
            None => FrameTimes { samples: self.accumulated.samples, ..self.times },
        };
        RenderMetrics {
            encode_ms,
            gpu_ms,
            trace_ms,
            longest_submit_ms,
            submits,
            samples,
            compile_ms: self.gpu.shaders.compile_ms(),
            peak_bytes: memory::metrics().device_peak_bytes,
            adapter: self.gpu.info.name.clone(),
            ..self.metrics.clone()
        }
    }
}

pub(crate) fn check_size(size: [impl Into<i128> + Copy; 2]) -> Result<()> {
    let size = size.map(Into::into);
    if size.iter().all(|side| (1..=i128::from(MAX_SIDE)).contains(side)) {
        Ok(())
    } else {
        Err(RenderError::Input(format!(
            "picture size: expected 1..{MAX_SIDE} pixels a side; got {}×{}; fix: choose sides inside",
            size[0], size[1]
        )))
    }
}
