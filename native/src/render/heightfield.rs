//! Height texture and maximum pyramid: heights arrive in strips of rows, the pyramid is made when all are there.

use std::time::Instant;

use crate::error::{RenderError, Result};
use crate::gpu::context::GpuContext;
use crate::gpu::memory::{TrackedBuffer, TrackedTexture};
use crate::gpu::transfer::{StripUpload, read_buffer, read_texture};
use crate::scene::dem::{Dem, HIGHEST, Tops};

const SHADER: &str = include_str!("../../shaders/heightfield.wgsl");

/// What void samples are stored as; `height.wgsl` knows it too.
const VOID_HEIGHT: f32 = -3e38;
const VOID_LIMIT: f32 = -1e38;

/// Entries of the level table in `height.wgsl`.
pub const MAX_LEVELS: usize = 20;

/// One level of the pyramid: exact size, packed one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Nodes a row and rows.
    pub size: [u32; 2],
    /// Place of the first node.
    pub offset: u32,
}

/// Levels 1.. of `cells` cells: ceil(n / 2) each, down to one node.
#[must_use]
pub fn pyramid_levels(cells: [u32; 2]) -> Vec<Level> {
    let mut levels = Vec::new();
    let (mut size, mut offset) = (cells, 0);
    loop {
        size = size.map(|side| side.div_ceil(2));
        levels.push(Level { size, offset });
        offset += size[0] * size[1];
        if size == [1, 1] {
            return levels;
        }
    }
}

/// Heights on the GPU with all that tracing needs of them.
pub struct Heightfield {
    /// Size, matrix and range.
    pub dem: Dem,
    /// The pyramid's levels, the first is level 1.
    pub levels: Vec<Level>,
    /// A coarse level, on the host.
    pub tops: Tops,
    pub(crate) heights: TrackedTexture,
    pub(crate) pyramid: TrackedBuffer,
    pub(crate) level_table: TrackedBuffer,
    /// Milliseconds of upload and pyramid.
    pub upload_ms: f64,
    /// Milliseconds of the pyramid.
    pub pyramid_ms: f64,
}

impl Heightfield {
    /// Bytes that heights of this size take on the GPU.
    #[must_use]
    pub fn bytes_for(cols: u32, rows: u32) -> u64 {
        let levels = pyramid_levels([cols - 1, rows - 1]);
        let nodes: u64 = levels.iter().map(|level| u64::from(level.size[0]) * u64::from(level.size[1])).sum();
        4 * (u64::from(cols) * u64::from(rows) + nodes) + 16 * MAX_LEVELS as u64
    }

    /// Heights of a rectangle, NaN where void.
    pub fn read(&self, gpu: &GpuContext, origin: [u32; 2], size: [u32; 2]) -> Result<Vec<f32>> {
        let bytes = gpu.scoped(RenderError::Readback, || read_texture(gpu, &self.heights, origin, size))?;
        Ok(bytes
            .chunks_exact(4)
            .map(|b| {
                let height = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                if height < VOID_LIMIT { f32::NAN } else { height }
            })
            .collect())
    }
}

/// What is learned of the heights while they pass.
#[derive(Debug)]
struct Survey {
    lowest: f32,
    highest: f32,
    /// As `Dem::known`; first after last until a height is met.
    known: [u32; 4],
    /// Heights on the left, top, right and bottom side.
    on_sides: [u32; 4],
    previous_row: Vec<bool>,
    has_whole_cell: bool,
}

impl Survey {
    /// Copies a row, void for what is not finite, and notes its range.
    fn row(&mut self, row: u32, last_row: u32, heights: &[f32], out: &mut [u8]) {
        let (mut lowest, mut highest) = (self.lowest, self.highest);
        for (height, bytes) in heights.iter().zip(out.chunks_exact_mut(4)) {
            let valid = height.is_finite();
            lowest = lowest.min(if valid { *height } else { f32::INFINITY });
            highest = highest.max(if valid { *height } else { f32::NEG_INFINITY });
            bytes.copy_from_slice(&(if valid { *height } else { VOID_HEIGHT }).to_le_bytes());
        }
        (self.lowest, self.highest) = (lowest, highest);
        if let (Some(left), Some(right)) = (
            heights.iter().position(|height| height.is_finite()),
            heights.iter().rposition(|height| height.is_finite()),
        ) {
            let [west, north, east, _] = self.known;
            self.known = [west.min(left as u32), north.min(row), east.max(right as u32), row];
        }
        let [left, top, right, bottom] = &mut self.on_sides;
        *left += u32::from(heights.first().is_some_and(|height| height.is_finite()));
        *right += u32::from(heights.last().is_some_and(|height| height.is_finite()));
        if row == 0 || row == last_row {
            let side = if row == 0 { top } else { bottom };
            *side = heights.iter().filter(|height| height.is_finite()).count() as u32;
        }
        if !self.has_whole_cell {
            let valid: Vec<bool> = heights.iter().map(|height| height.is_finite()).collect();
            self.has_whole_cell = row > 0
                && (1..valid.len())
                    .any(|i| valid[i] && valid[i - 1] && self.previous_row[i] && self.previous_row[i - 1]);
            self.previous_row = valid;
        }
    }
}

/// Takes heights strip by strip.
pub struct Builder {
    field: Heightfield,
    upload: StripUpload,
    survey: Survey,
    next_row: u32,
    start: Instant,
}

impl Builder {
    /// Reserves everything for heights of `dem`'s size.
    pub fn new(gpu: &GpuContext, dem: Dem) -> Result<Self> {
        let start = Instant::now();
        let levels = pyramid_levels([dem.cols - 1, dem.rows - 1]);
        let nodes: u64 = levels.iter().map(|level| u64::from(level.size[0]) * u64::from(level.size[1])).sum();
        if nodes * 4 > gpu.max_binding_bytes() || levels.len() > MAX_LEVELS {
            let side = ((gpu.max_binding_bytes() as f64) * 0.75).sqrt() as u64;
            return Err(RenderError::Input(format!(
                "heights: expected at most about {side}×{side} samples on this adapter; got {}×{} (rows×cols); fix: read the DEM at a lower resolution",
                dem.rows, dem.cols
            )));
        }
        let field = gpu.scoped(RenderError::Upload, || {
            Ok(Heightfield {
                dem,
                heights: TrackedTexture::new(
                    gpu,
                    "forge3d.heightfield.texture",
                    [dem.cols, dem.rows],
                    wgpu::TextureFormat::R32Float,
                    wgpu::TextureUsages::TEXTURE_BINDING
                        | wgpu::TextureUsages::COPY_DST
                        | wgpu::TextureUsages::COPY_SRC,
                )?,
                pyramid: TrackedBuffer::new(
                    gpu,
                    "forge3d.heightfield.pyramid",
                    nodes * 4,
                    wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
                )?,
                level_table: TrackedBuffer::new(
                    gpu,
                    "forge3d.heightfield.levels",
                    16 * MAX_LEVELS as u64,
                    wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                )?,
                tops: Tops::new(dem, [0, 0], 1, Vec::new()),
                levels,
                upload_ms: 0.0,
                pyramid_ms: 0.0,
            })
        })?;
        let upload = gpu.scoped(RenderError::Upload, || StripUpload::new(gpu, dem.cols, dem.rows))?;
        let survey = Survey {
            lowest: f32::INFINITY,
            highest: f32::NEG_INFINITY,
            known: [u32::MAX, u32::MAX, 0, 0],
            on_sides: [0; 4],
            previous_row: Vec::new(),
            has_whole_cell: false,
        };
        Ok(Self { field, upload, survey, next_row: 0, start })
    }

    /// Rows to hand over at once, at best.
    #[must_use]
    pub fn rows_per_strip(&self) -> u32 {
        self.upload.rows_per_strip
    }

    /// The next rows, row-major, each as long as the DEM is wide.
    pub fn write_rows(&mut self, gpu: &GpuContext, heights: &[f32], stop: &dyn Fn() -> Result<()>) -> Result<()> {
        let cols = self.field.dem.cols as usize;
        let last_row = self.field.dem.rows - 1;
        let (upload, survey, texture) = (&self.upload, &mut self.survey, &self.field.heights);
        for strip in heights.chunks(cols * upload.rows_per_strip as usize) {
            let first_row = self.next_row;
            let rows = (strip.len() / cols) as u32;
            gpu.scoped(RenderError::Upload, || {
                upload.write(gpu, texture, first_row, rows, stop, |row, out| {
                    let at = (row - first_row) as usize * cols;
                    survey.row(row, last_row, &strip[at..at + cols], out);
                })
            })?;
            self.next_row += rows;
        }
        Ok(())
    }

    /// Makes the pyramid once all rows are there.
    pub fn finish(self, gpu: &GpuContext) -> Result<Heightfield> {
        let Self { mut field, upload, survey, next_row, start } = self;
        drop(upload);
        if next_row != field.dem.rows {
            return Err(RenderError::Upload(format!("heights: expected {} rows; got {next_row}", field.dem.rows)));
        }
        if !survey.has_whole_cell {
            return Err(RenderError::Input(
                "heights: expected at least one cell with four valid corners; got void everywhere; fix: check the nodata value and the area".into(),
            ));
        }
        if survey.lowest < -HIGHEST || survey.highest > HIGHEST {
            return Err(RenderError::Input(format!(
                "heights: expected metres within ±{HIGHEST:e}; got {:e}..{:e}; fix: declare the nodata value or scale the heights",
                survey.lowest, survey.highest
            )));
        }
        field.dem.lowest = survey.lowest;
        field.dem.highest = survey.highest;
        field.dem.known = survey.known;
        let lengths = [field.dem.rows, field.dem.cols, field.dem.rows, field.dem.cols];
        field.dem.walls = (0..4).map(|side| u32::from(survey.on_sides[side] * 2 > lengths[side]) << side).sum();
        field.upload_ms = start.elapsed().as_secs_f64() * 1e3;
        let start = Instant::now();
        gpu.scoped(RenderError::Upload, || build_pyramid(gpu, &field))?;
        field.tops = gpu.scoped(RenderError::Readback, || read_tops(gpu, &field))?;
        field.pyramid_ms = start.elapsed().as_secs_f64() * 1e3;
        Ok(field)
    }
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct LevelUniform {
    size: [u32; 2],
    offset: u32,
    finer: [u32; 3],
    first_row: u32,
    zero: u32,
}

/// Nodes of one submit: a few milliseconds on the slowest adapter.
const NODES_PER_SUBMIT: u32 = 1 << 21;

fn build_pyramid(gpu: &GpuContext, field: &Heightfield) -> Result<()> {
    let mut table = [[0u32; 4]; MAX_LEVELS];
    for (level, entry) in field.levels.iter().zip(&mut table[1..]) {
        *entry = [level.offset, level.size[0], level.size[1], 0];
    }
    gpu.queue.write_buffer(&field.level_table, 0, bytemuck::bytes_of(&table));

    let texture = wgpu::BindingType::Texture {
        sample_type: wgpu::TextureSampleType::Float { filterable: false },
        view_dimension: wgpu::TextureViewDimension::D2,
        multisampled: false,
    };
    let buffer = |ty| wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
    let layout = super::layout(
        gpu,
        "forge3d.heightfield",
        &[
            texture,
            buffer(wgpu::BufferBindingType::Storage { read_only: false }),
            buffer(wgpu::BufferBindingType::Uniform),
        ],
    );
    let uniform = TrackedBuffer::new(
        gpu,
        "forge3d.heightfield.level",
        std::mem::size_of::<LevelUniform>() as u64,
        wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
    )?;
    let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("forge3d.heightfield"),
        layout: &layout,
        entries: &[
            wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(field.heights.view()) },
            wgpu::BindGroupEntry { binding: 1, resource: field.pyramid.as_entire_binding() },
            wgpu::BindGroupEntry { binding: 2, resource: uniform.as_entire_binding() },
        ],
    });
    let from_heights = gpu.shaders.pipeline(gpu, &[SHADER], "from_heights", &[&layout]);
    let from_finer = gpu.shaders.pipeline(gpu, &[SHADER], "from_finer", &[&layout]);
    for (i, level) in field.levels.iter().enumerate() {
        let finer = if i == 0 {
            [0; 3]
        } else {
            let l = field.levels[i - 1];
            [l.size[0], l.size[1], l.offset]
        };
        let rows_per_submit = (NODES_PER_SUBMIT / level.size[0]).clamp(8, 65_535 * 8);
        let mut first_row = 0;
        while first_row < level.size[1] {
            let rows = rows_per_submit.min(level.size[1] - first_row);
            let data = LevelUniform { size: level.size, offset: level.offset, finer, first_row, zero: 0 };
            gpu.queue.write_buffer(&uniform, 0, bytemuck::bytes_of(&data));
            let mut encoder = gpu
                .device
                .create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("forge3d.heightfield") });
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                    label: Some("forge3d.heightfield"),
                    timestamp_writes: None,
                });
                pass.set_pipeline(if i == 0 { &from_heights } else { &from_finer });
                pass.set_bind_group(0, &group, &[]);
                pass.dispatch_workgroups(level.size[0].div_ceil(8), rows.div_ceil(8), 1);
            }
            gpu.submit_and_wait(encoder)?;
            first_row += rows;
        }
    }
    Ok(())
}

/// Squares a side, at most, of the level that is kept on the host.
const TOPS_SIDE: u32 = 128;

fn read_tops(gpu: &GpuContext, field: &Heightfield) -> Result<Tops> {
    let coarse = field.levels.iter().position(|level| level.size.iter().all(|side| *side <= TOPS_SIDE));
    // The last level is one node: there always is a coarse one.
    let index = coarse.unwrap_or(field.levels.len() - 1);
    let level = field.levels[index];
    let bytes =
        read_buffer(gpu, &field.pyramid, u64::from(level.offset) * 4, u64::from(level.size[0] * level.size[1]) * 4)?;
    Ok(Tops::new(field.dem, level.size, 2 << index, bytemuck::pod_collect_to_vec(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_their_exact_sizes_one_after_the_other() {
        let levels = pyramid_levels([5, 3]);
        let expected = [([3, 2], 0), ([2, 1], 6), ([1, 1], 8)].map(|(size, offset)| Level { size, offset });
        assert_eq!(levels, expected);
        assert_eq!(pyramid_levels([1, 1]), [Level { size: [1, 1], offset: 0 }]);
    }
}
