//! Scene + gpu → picture. A frame is a readable list of steps: trace bands until enough samples are summed, resolve, read back.

pub mod heightfield;
pub mod resolve;
pub mod trace;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use glam::{DVec2, DVec3};

use crate::error::{RenderError, Result};
use crate::gpu::context::{self, AdapterChoice, GpuContext};
use crate::gpu::memory::{TrackedBuffer, TrackedTexture};
use crate::gpu::transfer::{StripUpload, read_mapped};
use crate::scene::Scene;
use crate::scene::camera::View;
use crate::scene::dem::Dem;
use heightfield::{Builder, Heightfield};
use resolve::ResolvePass;
use trace::{Frame, Lanes, MAX_SAMPLES, Sample, TABLE_STRIDE, TILE, TileRect, TracePass, Window};

/// Longest side of a picture.
pub const MAX_SIDE: u32 = 16_384;
/// What a submit aims at, milliseconds: far enough below the promised 100 for rows that turn out harder than the last ones.
const SUBMIT_MS: f64 = 30.0;

/// A bind group layout of compute bindings, numbered from 0.
pub(crate) fn layout(gpu: &GpuContext, label: &str, bindings: &[wgpu::BindingType]) -> wgpu::BindGroupLayout {
    let entries: Vec<_> = bindings
        .iter()
        .zip(0..)
        .map(|(ty, binding)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: *ty,
            count: None,
        })
        .collect();
    gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(label), entries: &entries })
}

fn bind(
    gpu: &GpuContext,
    label: &str,
    layout: &wgpu::BindGroupLayout,
    resources: Vec<wgpu::BindingResource<'_>>,
) -> wgpu::BindGroup {
    let entries: Vec<_> =
        resources.into_iter().zip(0..).map(|(resource, binding)| wgpu::BindGroupEntry { binding, resource }).collect();
    gpu.device.create_bind_group(&wgpu::BindGroupDescriptor { label: Some(label), layout, entries: &entries })
}

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

/// A ray in world for [`Renderer::cast_rays`].
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Ray {
    /// Start; w unused.
    pub origin: [f32; 4],
    /// Direction, any length; w unused.
    pub direction: [f32; 4],
}

/// What can be told from other threads while a call runs.
#[derive(Debug, Default)]
pub struct Signals {
    cancelled: AtomicBool,
    progress: AtomicU32,
}

impl Signals {
    /// Stops the call in progress, or the next one.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whole pictures traced so far.
    #[must_use]
    pub fn progress(&self) -> f64 {
        f64::from(f32::from_bits(self.progress.load(Ordering::Relaxed)))
    }

    fn set_progress(&self, value: f64) {
        self.progress.store((value as f32).to_bits(), Ordering::Relaxed);
    }

    fn check(&self) -> Result<()> {
        if self.cancelled.swap(false, Ordering::Relaxed) { Err(RenderError::Cancelled) } else { Ok(()) }
    }
}

/// Buffers whose size follows the picture, with the bind groups that hold them.
struct Target {
    light: TrackedBuffer,
    row_samples: TrackedBuffer,
    bytes: TrackedBuffer,
    readback: TrackedBuffer,
    /// Held by `frame_group`; owned here, since dropping a tracked buffer destroys it.
    _bands: TrackedBuffer,
    frame_group: wgpu::BindGroup,
    trace_group: wgpu::BindGroup,
    resolve_group: wgpu::BindGroup,
}

/// Where the accumulation stands.
#[derive(Debug, Clone, Copy, Default)]
struct Accumulated {
    samples: u32,
    /// Rows of tiles, of the rectangle that is traced, that hold one sample more.
    rows: u32,
}

/// Draws one heightfield into one picture.
pub struct Renderer {
    gpu: Arc<GpuContext>,
    size: [u32; 2],
    window: Option<Window>,
    scene: Option<Scene>,
    field: Option<Heightfield>,
    drape: TrackedTexture,
    trace: TracePass,
    resolve: ResolvePass,
    lanes_buffer: TrackedBuffer,
    frame_buffer: TrackedBuffer,
    sample_table: TrackedBuffer,
    ramp: TrackedBuffer,
    target: Option<Target>,
    terrain_group: Option<wgpu::BindGroup>,
    /// Lanes and frame as the GPU has them; none after a change.
    current: Option<(Lanes, Frame, TileRect, View)>,
    accumulated: Accumulated,
    /// Pixels a millisecond, as last measured.
    rate: f64,
    metrics: RenderMetrics,
    signals: Arc<Signals>,
}

impl Renderer {
    /// A renderer for pictures of `size` pixels on the chosen adapter.
    pub fn new(size: [u32; 2], choice: &AdapterChoice) -> Result<Self> {
        check_size(size)?;
        let gpu = context::context(choice)?;
        let start = Instant::now();
        let uniform = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let (trace, resolve) = gpu.scoped(RenderError::Render, || {
            let trace = TracePass::new(&gpu);
            let resolve = ResolvePass::new(&gpu, &trace.frame_layout);
            Ok((trace, resolve))
        })?;
        let renderer = gpu.scoped(RenderError::Render, || {
            Ok(Self {
                size,
                window: None,
                scene: None,
                field: None,
                drape: empty_drape(&gpu)?,
                lanes_buffer: TrackedBuffer::new(
                    &gpu,
                    "forge3d.frame.lanes",
                    std::mem::size_of::<Lanes>() as u64,
                    uniform,
                )?,
                frame_buffer: TrackedBuffer::new(&gpu, "forge3d.frame", std::mem::size_of::<Frame>() as u64, uniform)?,
                sample_table: TrackedBuffer::new(
                    &gpu,
                    "forge3d.frame.samples",
                    u64::from(MAX_SAMPLES) * TABLE_STRIDE,
                    uniform,
                )?,
                ramp: TrackedBuffer::new(
                    &gpu,
                    "forge3d.style.ramp",
                    (crate::scene::style::RAMP_ENTRIES * 16) as u64,
                    wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
                )?,
                target: None,
                terrain_group: None,
                current: None,
                accumulated: Accumulated::default(),
                rate: gpu.info.kind.expected_rate(),
                metrics: RenderMetrics::default(),
                signals: Arc::default(),
                trace,
                resolve,
                gpu: Arc::clone(&gpu),
            })
        })?;
        renderer.gpu.scoped(RenderError::Upload, || {
            let mut table = vec![0u8; MAX_SAMPLES as usize * TABLE_STRIDE as usize];
            for (index, entry) in (0..MAX_SAMPLES).zip(table.chunks_exact_mut(TABLE_STRIDE as usize)) {
                entry[..std::mem::size_of::<Sample>()].copy_from_slice(bytemuck::bytes_of(&Sample::new(index)));
            }
            renderer.gpu.queue.write_buffer(&renderer.sample_table, 0, &table);
            Ok(())
        })?;
        log::debug!("renderer made in {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
        Ok(renderer)
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

    /// Another picture size; heights and scene stay.
    pub fn resize(&mut self, size: [u32; 2]) -> Result<()> {
        check_size(size)?;
        if size != self.size || self.window.is_some() {
            if size != self.size {
                self.target = None;
            }
            self.size = size;
            self.window = None;
            self.current = None;
        }
        Ok(())
    }

    /// Makes the picture a window of a larger one.
    pub fn set_window(&mut self, window: Window) -> Result<()> {
        check_size(window.full)?;
        let fits = (0..2).all(|i| window.origin[i].checked_add(self.size[i]).is_some_and(|end| end <= window.full[i]));
        if !fits {
            return Err(RenderError::Input(format!(
                "window: expected {}×{} at {:?} inside {}×{}; got an edge outside; fix: move the window or make the renderer smaller",
                self.size[0], self.size[1], window.origin, window.full[0], window.full[1]
            )));
        }
        if self.window != Some(window) {
            self.window = Some(window);
            self.current = None;
        }
        Ok(())
    }

    /// Begins an upload. The old heights go as soon as it is known that the new ones fit.
    pub fn begin_heights(&mut self, dem: Dem) -> Result<Builder> {
        if let Some(old) = &self.field {
            let held = self.gpu.ledger.metrics();
            let freed = Heightfield::bytes_for(old.dem.cols, old.dem.rows);
            let needed = Heightfield::bytes_for(dem.cols, dem.rows) + crate::gpu::transfer::STAGING_BYTES;
            if held.total_bytes() - freed + needed <= held.total_limit {
                self.field = None;
                self.terrain_group = None;
                self.current = None;
            }
        }
        Builder::new(&self.gpu, dem)
    }

    /// Takes the heights over when the upload is complete.
    pub fn finish_heights(&mut self, builder: Builder) -> Result<()> {
        let field = builder.finish(&self.gpu)?;
        self.metrics.upload_ms = field.upload_ms;
        self.metrics.pyramid_ms = field.pyramid_ms;
        self.metrics.bytes_up += u64::from(field.dem.cols) * u64::from(field.dem.rows) * 4;
        self.field = Some(field);
        self.terrain_group = None;
        self.current = None;
        Ok(())
    }

    /// Whether somebody asked to stop: to be checked between strips.
    pub fn check_cancelled(&self) -> Result<()> {
        self.signals.check()
    }

    /// An sRGB picture over the ground: size and rows of RGBA bytes, or none.
    pub fn set_drape(&mut self, drape: Option<([u32; 2], &[u8])>) -> Result<()> {
        let gpu = Arc::clone(&self.gpu);
        let signals = self.signals();
        self.terrain_group = None;
        self.current = None;
        self.drape = gpu.scoped(RenderError::Upload, || match drape {
            None => empty_drape(&gpu),
            Some((size, bytes)) => {
                let texture = drape_texture(&gpu, size)?;
                let upload = StripUpload::new(&gpu, size[0], size[1])?;
                let row_bytes = size[0] as usize * 4;
                let mut row = 0;
                while row < size[1] {
                    let rows = upload.rows_per_strip.min(size[1] - row);
                    upload.write(&gpu, &texture, row, rows, &|| signals.check(), |row, out| {
                        out.copy_from_slice(&bytes[row as usize * row_bytes..][..row_bytes])
                    })?;
                    row += rows;
                }
                Ok(texture)
            }
        })?;
        self.metrics.bytes_up += drape.map_or(0, |(_, bytes)| bytes.len() as u64);
        Ok(())
    }

    /// What to draw; an equal scene changes nothing.
    pub fn set_scene(&mut self, scene: Scene) {
        if self.scene.as_ref() != Some(&scene) {
            self.scene = Some(scene);
            self.current = None;
        }
    }

    fn field(&self) -> Result<&Heightfield> {
        self.field
            .as_ref()
            .ok_or_else(|| RenderError::Render("expected heights; got none; fix: call set_height_data first".into()))
    }

    fn scene(&self) -> Result<&Scene> {
        self.scene
            .as_ref()
            .ok_or_else(|| RenderError::Render("expected a scene; got none; fix: call set_scene first".into()))
    }

    fn window(&self) -> Window {
        self.window.unwrap_or(Window { origin: [0, 0], full: self.size })
    }

    /// The camera with its fitted values.
    pub fn view(&self) -> Result<View> {
        let scene = self.scene()?;
        let field = self.field()?;
        Ok(View::new(&scene.camera, &field.dem, &field.tops, scene.exaggeration, self.window().full))
    }

    /// Heights as uploaded.
    #[must_use]
    pub fn heightfield(&self) -> Option<&Heightfield> {
        self.field.as_ref()
    }

    /// Step 1: makes what is missing and brings lanes and frame to the GPU. Zero samples after a change.
    fn prepare(&mut self) -> Result<()> {
        if self.current.is_some() {
            return Ok(());
        }
        let gpu = Arc::clone(&self.gpu);
        let view = self.view()?;
        let (scene, field) = (self.scene()?, self.field()?);
        let window = self.window();
        let tiles = TileRect::of(&view, &field.dem, scene.exaggeration, self.size, &window);
        let lanes = Lanes::new(scene, &field.dem, &view);
        let ramp = scene.style.ramp.table(f64::from(field.dem.lowest), f64::from(field.dem.highest));
        let frame = Frame {
            ramp_last: ramp.len() as u32 - 1,
            ..Frame::new(scene, &field.dem, &view, self.size, &window, &tiles, field.levels.len())
        };
        if self.terrain_group.is_none() {
            self.terrain_group = Some(gpu.scoped(RenderError::Render, || {
                Ok(bind(
                    &gpu,
                    "forge3d.terrain",
                    &self.trace.terrain_layout,
                    vec![
                        wgpu::BindingResource::TextureView(field.heights.view()),
                        field.pyramid.as_entire_binding(),
                        field.level_table.as_entire_binding(),
                        wgpu::BindingResource::TextureView(self.drape.view()),
                    ],
                ))
            })?);
        }
        let first_use = self.target.is_none();
        if first_use {
            self.target = Some(self.make_target()?);
        }
        gpu.scoped(RenderError::Render, || {
            gpu.queue.write_buffer(&self.lanes_buffer, 0, bytemuck::bytes_of(&lanes));
            gpu.queue.write_buffer(&self.frame_buffer, 0, bytemuck::bytes_of(&frame));
            gpu.queue.write_buffer(&self.ramp, 0, bytemuck::cast_slice(&ramp));
            let mut encoder =
                gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("forge3d.reset") });
            if let Some(target) = &self.target {
                encoder.clear_buffer(&target.light, 0, None);
                encoder.clear_buffer(&target.row_samples, 0, None);
            }
            gpu.queue.submit([encoder.finish()]);
            Ok(())
        })?;
        self.current = Some((lanes, frame, tiles, view));
        self.accumulated = Accumulated::default();
        self.metrics.trace_ms = 0.0;
        self.metrics.longest_submit_ms = 0.0;
        self.metrics.submits = 0;
        self.signals.set_progress(0.0);
        if first_use {
            self.compile()?;
        }
        Ok(())
    }

    fn make_target(&self) -> Result<Target> {
        let gpu = &self.gpu;
        let pixels = u64::from(self.size[0]) * u64::from(self.size[1]);
        if pixels * 16 > gpu.max_binding_bytes() {
            return Err(RenderError::Input(format!(
                "picture: expected at most {} pixels at once on this adapter; got {}×{}; fix: draw it in bands (set_window)",
                gpu.max_binding_bytes() / 16,
                self.size[0],
                self.size[1]
            )));
        }
        let tile_rows = self.size[1].div_ceil(TILE);
        gpu.scoped(RenderError::Render, || {
            use wgpu::BufferUsages as Usage;
            let light = TrackedBuffer::new(gpu, "forge3d.target.light", pixels * 16, Usage::STORAGE | Usage::COPY_DST)?;
            let row_samples = TrackedBuffer::new(
                gpu,
                "forge3d.target.row_samples",
                u64::from(tile_rows) * 4,
                Usage::STORAGE | Usage::COPY_DST,
            )?;
            let bytes = TrackedBuffer::new(gpu, "forge3d.target.bytes", pixels * 4, Usage::STORAGE | Usage::COPY_SRC)?;
            let readback = TrackedBuffer::new(gpu, "forge3d.readback", pixels * 4, Usage::MAP_READ | Usage::COPY_DST)?;
            let bands = TrackedBuffer::new(
                gpu,
                "forge3d.frame.bands",
                u64::from(tile_rows) * TABLE_STRIDE,
                Usage::UNIFORM | Usage::COPY_DST,
            )?;
            let mut table = vec![0u32; (u64::from(tile_rows) * TABLE_STRIDE / 4) as usize];
            for (row, entry) in (0..tile_rows).zip(table.chunks_exact_mut(TABLE_STRIDE as usize / 4)) {
                entry[0] = row;
            }
            gpu.queue.write_buffer(&bands, 0, bytemuck::cast_slice(&table));
            let entry_of = |buffer, size| {
                wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer,
                    offset: 0,
                    size: std::num::NonZeroU64::new(size),
                })
            };
            let frame_group = bind(
                gpu,
                "forge3d.frame",
                &self.trace.frame_layout,
                vec![
                    self.lanes_buffer.as_entire_binding(),
                    self.frame_buffer.as_entire_binding(),
                    entry_of(&self.sample_table, std::mem::size_of::<Sample>() as u64),
                    entry_of(&bands, 16),
                ],
            );
            let trace_group = bind(
                gpu,
                "forge3d.trace",
                &self.trace.output_layout,
                vec![self.ramp.as_entire_binding(), light.as_entire_binding(), row_samples.as_entire_binding()],
            );
            let resolve_group = bind(
                gpu,
                "forge3d.resolve",
                &self.resolve.output_layout,
                vec![light.as_entire_binding(), row_samples.as_entire_binding(), bytes.as_entire_binding()],
            );
            Ok(Target { light, row_samples, bytes, readback, _bands: bands, frame_group, trace_group, resolve_group })
        })
    }

    /// Software drivers compile at the first dispatch: one tile, outside the measured submits.
    fn compile(&mut self) -> Result<()> {
        let Some((_, _, tiles, _)) = self.current else { return Ok(()) };
        if tiles.count == [0, 0] {
            return Ok(());
        }
        let start = Instant::now();
        self.trace_rows(0, TileRect { count: [1, 1], ..tiles }, 1)?;
        self.gpu.shaders.add_compile_ms(start.elapsed().as_secs_f64() * 1e3);
        Ok(())
    }

    /// Traces sample `self.accumulated.samples` for `rows` rows of tiles and waits.
    fn trace_rows(&self, first_row: u32, tiles: TileRect, rows: u32) -> Result<()> {
        let (Some(target), Some(terrain_group)) = (&self.target, &self.terrain_group) else {
            return Err(RenderError::Internal("trace before prepare".into()));
        };
        let gpu = &self.gpu;
        gpu.scoped(RenderError::Render, || {
            let mut encoder =
                gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("forge3d.trace") });
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                    label: Some("forge3d.trace"),
                    timestamp_writes: None,
                });
                pass.set_pipeline(&self.trace.pipeline);
                let offsets = [self.accumulated.samples * TABLE_STRIDE as u32, first_row * TABLE_STRIDE as u32];
                pass.set_bind_group(0, &target.frame_group, &offsets);
                pass.set_bind_group(1, terrain_group, &[]);
                pass.set_bind_group(2, &target.trace_group, &[]);
                pass.dispatch_workgroups(tiles.count[0], rows, 1);
            }
            gpu.submit_and_wait(encoder)
        })
    }

    /// Traces until `time` is over or every pixel holds `samples` samples; at least one submit. Returns whole samples.
    pub fn refine(&mut self, time: Duration, samples: u32) -> Result<u32> {
        if !(1..=MAX_SAMPLES).contains(&samples) {
            return Err(RenderError::Input(format!(
                "samples: expected 1..{MAX_SAMPLES}; got {samples}; fix: choose a number inside"
            )));
        }
        self.prepare()?;
        let Some((_, _, tiles, _)) = self.current else { return Err(RenderError::Internal("no frame".into())) };
        let start = Instant::now();
        while self.accumulated.samples < samples {
            self.signals.check()?;
            if tiles.count == [0, 0] {
                self.accumulated = Accumulated { samples, rows: 0 };
                break;
            }
            let pixels_a_row = f64::from(tiles.count[0] * TILE * TILE);
            let rows = (self.rate * SUBMIT_MS / pixels_a_row).clamp(1.0, 60_000.0) as u32;
            let rows = rows.min(tiles.count[1] - self.accumulated.rows);
            let submit = Instant::now();
            self.trace_rows(self.accumulated.rows, tiles, rows)?;
            let milliseconds = submit.elapsed().as_secs_f64() * 1e3;
            let measured = pixels_a_row * f64::from(rows) / milliseconds.max(0.01);
            // Up by half at most: the next rows may be harder. Down at once.
            self.rate = measured.min(self.rate * 1.5);
            self.metrics.trace_ms += milliseconds;
            self.metrics.longest_submit_ms = self.metrics.longest_submit_ms.max(milliseconds);
            self.metrics.submits += 1;
            self.accumulated.rows += rows;
            if self.accumulated.rows == tiles.count[1] {
                self.accumulated = Accumulated { samples: self.accumulated.samples + 1, rows: 0 };
            }
            self.signals.set_progress(
                f64::from(self.accumulated.samples) + f64::from(self.accumulated.rows) / f64::from(tiles.count[1]),
            );
            if start.elapsed() >= time {
                break;
            }
        }
        self.signals.set_progress(
            f64::from(self.accumulated.samples) + f64::from(self.accumulated.rows) / f64::from(tiles.count[1].max(1)),
        );
        Ok(self.accumulated.samples)
    }

    /// Starts the accumulation again.
    pub fn reset(&mut self) {
        self.current = None;
    }

    /// The picture so far: rows of RGBA, sRGB, straight alpha.
    pub fn read_rgba(&mut self) -> Result<Vec<u8>> {
        self.prepare()?;
        let Some(target) = &self.target else { return Err(RenderError::Internal("no target".into())) };
        let gpu = &self.gpu;
        let size = u64::from(self.size[0]) * u64::from(self.size[1]) * 4;
        let start = Instant::now();
        gpu.scoped(RenderError::Render, || {
            let mut encoder =
                gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("forge3d.resolve") });
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                    label: Some("forge3d.resolve"),
                    timestamp_writes: None,
                });
                pass.set_pipeline(&self.resolve.pipeline);
                pass.set_bind_group(0, &target.frame_group, &[0, 0]);
                pass.set_bind_group(1, &self.resolve.empty, &[]);
                pass.set_bind_group(2, &target.resolve_group, &[]);
                pass.dispatch_workgroups(self.size[0].div_ceil(64), self.size[1], 1);
            }
            encoder.copy_buffer_to_buffer(&target.bytes, 0, &target.readback, 0, size);
            gpu.submit_and_wait(encoder)
        })?;
        self.metrics.resolve_ms = start.elapsed().as_secs_f64() * 1e3;
        let start = Instant::now();
        let rgba = gpu.scoped(RenderError::Readback, || read_mapped(gpu, &target.readback, size, <[u8]>::to_vec))?;
        self.metrics.readback_ms = start.elapsed().as_secs_f64() * 1e3;
        self.metrics.bytes_down += size;
        Ok(rgba)
    }

    /// What the lanes hold for the current scene; zeros without one.
    pub fn uniform_lanes(&mut self) -> Result<[f32; 44]> {
        if self.scene.is_none() || self.field.is_none() {
            return Ok([0.0; 44]);
        }
        self.prepare()?;
        Ok(self.current.map_or([0.0; 44], |(lanes, ..)| bytemuck::cast(lanes)))
    }

    /// Casts rays through the very function that draws: distance (-1 for none), column, row, kind (1 surface, 2 wall).
    pub fn cast_rays(&mut self, rays: &[Ray]) -> Result<Vec<[f32; 4]>> {
        self.prepare()?;
        let (Some(target), Some(terrain_group)) = (&self.target, &self.terrain_group) else {
            return Err(RenderError::Internal("cast before prepare".into()));
        };
        let gpu = &self.gpu;
        gpu.scoped(RenderError::Render, || {
            use wgpu::BufferUsages as Usage;
            let storage = |read_only| wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Storage { read_only },
                has_dynamic_offset: false,
                min_binding_size: None,
            };
            let layout = layout(gpu, "forge3d.cast", &[storage(true), storage(false)]);
            let mut parts = trace::SHARED.to_vec();
            parts.push(trace::CAST);
            let pipeline = gpu.shaders.pipeline(
                gpu,
                &parts,
                "cast_ray",
                &[&self.trace.frame_layout, &self.trace.terrain_layout, &layout],
            );
            let mut hits = Vec::with_capacity(rays.len());
            // A million rays at once: within every adapter's binding limit.
            for chunk in rays.chunks(1 << 20) {
                let size = chunk.len() as u64;
                let input = TrackedBuffer::new(gpu, "forge3d.cast.rays", size * 32, Usage::STORAGE | Usage::COPY_DST)?;
                let output = TrackedBuffer::new(gpu, "forge3d.cast.hits", size * 16, Usage::STORAGE | Usage::COPY_SRC)?;
                let readback =
                    TrackedBuffer::new(gpu, "forge3d.cast.readback", size * 16, Usage::MAP_READ | Usage::COPY_DST)?;
                gpu.queue.write_buffer(&input, 0, bytemuck::cast_slice(chunk));
                let group =
                    bind(gpu, "forge3d.cast", &layout, vec![input.as_entire_binding(), output.as_entire_binding()]);
                let mut encoder =
                    gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("forge3d.cast") });
                {
                    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                        label: Some("forge3d.cast"),
                        timestamp_writes: None,
                    });
                    pass.set_pipeline(&pipeline);
                    pass.set_bind_group(0, &target.frame_group, &[0, 0]);
                    pass.set_bind_group(1, terrain_group, &[]);
                    pass.set_bind_group(2, &group, &[]);
                    pass.dispatch_workgroups((chunk.len() as u32).div_ceil(64), 1, 1);
                }
                encoder.copy_buffer_to_buffer(&output, 0, &readback, 0, size * 16);
                gpu.submit_and_wait(encoder)?;
                read_mapped(gpu, &readback, size * 16, |bytes| {
                    hits.extend(bytemuck::pod_collect_to_vec::<u8, [f32; 4]>(bytes))
                })?;
            }
            Ok(hits)
        })
    }

    /// Column, row, world x, y and height (without exaggeration) under a place of the picture in pixels.
    pub fn pick(&mut self, place: DVec2) -> Result<Option<[f64; 5]>> {
        let view = self.view()?;
        let exaggeration = self.scene()?.exaggeration;
        let dem = self.field()?.dem;
        let window = self.window();
        let full = DVec2::new(f64::from(window.full[0]), f64::from(window.full[1]));
        let origin = DVec2::new(f64::from(window.origin[0]), f64::from(window.origin[1]));
        let ndc = ((place + origin) / full - 0.5) * DVec2::new(2.0, -2.0);
        let (origin, direction) = view.ray(ndc);
        let as_f32 = |v: DVec3| v.as_vec3().extend(0.0).to_array();
        let hit = self.cast_rays(&[Ray { origin: as_f32(origin), direction: as_f32(direction) }])?[0];
        if hit[3] != 1.0 {
            return Ok(None);
        }
        let cells = DVec2::new(hit[1].into(), hit[2].into());
        let world = dem.world(cells);
        let height = (origin.z + direction.z * f64::from(hit[0])) / exaggeration;
        Ok(Some([cells.x, cells.y, world.x, world.y, height]))
    }

    /// Where time and bytes went so far.
    #[must_use]
    pub fn metrics(&self) -> RenderMetrics {
        RenderMetrics {
            samples: self.accumulated.samples,
            compile_ms: self.gpu.shaders.compile_ms(),
            peak_bytes: self.gpu.ledger.metrics().peak_bytes,
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

fn drape_texture(gpu: &GpuContext, size: [u32; 2]) -> Result<TrackedTexture> {
    TrackedTexture::new(
        gpu,
        "forge3d.style.drape",
        size,
        wgpu::TextureFormat::Rgba8UnormSrgb,
        wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
    )
}

/// One transparent pixel: wgpu clears new textures before their first use.
fn empty_drape(gpu: &GpuContext) -> Result<TrackedTexture> {
    drape_texture(gpu, [1, 1])
}
