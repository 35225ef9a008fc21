//! How heights are held on the GPU: a texture and its maximum pyramid. With `shaders/shared/height.wgsl` the only place
//! that knows. Heights arrive in strips of rows; what comes out of the upload is whole.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::error::{RenderError, Result};
use crate::gpu::context::GpuContext;
use crate::gpu::device::Device;
use crate::gpu::memory::{Allocator, Reservation, TrackedBuffer, TrackedTexture, texture_bytes};
use crate::gpu::transfer::{RowSink, StripUpload, read_texture, staging_bytes};
use crate::render::programs::{self, Group};
use crate::render::signals::Call;
use crate::render::stored::{Bits, Stored};
use crate::scene::facts::{FactsBuilder, Terrain};
use crate::scene::grid::Grid;

/// Entries of the level table in `height.wgsl`.
pub const MAX_LEVELS: usize = 20;

/// One level of the pyramid: exact size, packed one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Nodes a row and rows.
    pub size: [u32; 2],
    /// Word of the first node.
    pub offset: u32,
}

/// Levels 1.. of `cells` cells: ceil(n / 2) each, down to one node. Each row begins with a word of its own.
#[must_use]
pub fn pyramid_levels(cells: [u32; 2], bits: Bits) -> Vec<Level> {
    let mut levels = Vec::new();
    let (mut size, mut offset) = (cells, 0);
    loop {
        size = size.map(|side| side.div_ceil(2));
        levels.push(Level { size, offset });
        offset += bits.words(size[0]) * size[1];
        if size == [1, 1] {
            return levels;
        }
    }
}

const LEVEL_TABLE_BYTES: u64 = 16 * MAX_LEVELS as u64;

fn pyramid_bytes(grid: &Grid, bits: Bits) -> u64 {
    let mut size = grid.cells_across();
    let mut words = 0u64;
    // Not by `pyramid_levels`, whose offsets are 32-bit: this is asked for grids of any size.
    while size != [1, 1] || words == 0 {
        size = size.map(|side| side.div_ceil(2));
        words = words.saturating_add(u64::from(bits.words(size[0])) * u64::from(size[1]));
    }
    words.saturating_mul(4)
}

/// What heights of a size take on the GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeightfieldBytes {
    /// The heights themselves.
    pub texture: u64,
    /// Their maximum pyramid, one storage binding, with the table of its levels.
    pub pyramid: u64,
    /// What their upload takes beside them.
    pub staging: u64,
}

impl HeightfieldBytes {
    /// For heights of `grid`, held as `bits`.
    #[must_use]
    pub fn of(grid: &Grid, bits: Bits) -> Self {
        Self {
            texture: texture_bytes([bits.words(grid.cols), grid.rows], bits.format()),
            pyramid: pyramid_bytes(grid, bits).saturating_add(LEVEL_TABLE_BYTES),
            staging: staging_bytes(bits.words(grid.cols), grid.rows),
        }
    }

    /// What stays after the upload.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.texture.saturating_add(self.pyramid)
    }
}

/// Why this adapter cannot hold heights of `grid` in one piece, if so.
fn check_limits(device: &Device, grid: &Grid, bits: Bits) -> Result<()> {
    let largest = device.max_binding_bytes();
    if pyramid_bytes(grid, bits) <= largest && pyramid_levels(grid.cells_across(), bits).len() < MAX_LEVELS {
        return Ok(());
    }
    let side = ((largest as f64) * 0.75 * f64::from(bits.heights_a_word())).sqrt() as u64;
    Err(RenderError::Input(format!(
        "heights: expected at most about {side}×{side} samples on this adapter; got {}×{} (rows×cols); fix: read the DEM \
         at a lower resolution",
        grid.rows, grid.cols
    )))
}

/// Heights on the GPU with all that tracing needs of them.
pub struct Heightfield {
    /// Tells heightfields apart.
    pub id: u64,
    /// Size, matrix, and what the heights told.
    pub terrain: Terrain,
    /// Milliseconds of the upload, without waiting for rows.
    pub upload_ms: f64,
    /// Milliseconds of the pyramid.
    pub pyramid_ms: f64,
    stored: Stored,
    levels: Vec<Level>,
    heights: TrackedTexture,
    pyramid: TrackedBuffer,
    level_table: TrackedBuffer,
    memory: Allocator,
}

impl Heightfield {
    /// How many bits a height takes.
    #[must_use]
    pub fn bits(&self) -> Bits {
        self.stored.bits
    }

    /// What they hold on the device.
    #[must_use]
    pub fn bytes(&self) -> HeightfieldBytes {
        HeightfieldBytes::of(&self.terrain.grid, self.bits())
    }

    /// Heights of a rectangle, NaN where void.
    pub fn read(&self, origin: [u32; 2], size: [u32; 2]) -> Result<Vec<f32>> {
        let a_word = self.bits().heights_a_word();
        let first = origin[0] / a_word;
        let words = (origin[0] + size[0]).div_ceil(a_word) - first;
        let bytes = self.memory.scoped(RenderError::Readback, || {
            read_texture(&self.memory, &self.heights, [first, origin[1]], [words, size[1]])
        })?;
        let mut heights = Vec::with_capacity(size[0] as usize * size[1] as usize);
        for row in bytes.chunks_exact(words as usize * 4) {
            self.stored.decode(row, (origin[0] - origin[0] / a_word * a_word) as usize, size[0] as usize, &mut heights);
        }
        Ok(heights)
    }

    /// The level of the pyramid with one node.
    #[must_use]
    pub fn top_level(&self) -> u32 {
        self.levels.len() as u32
    }

    /// The bind group of heights and drape.
    pub(crate) fn bind(&self, gpu: &GpuContext, drape: &TrackedTexture) -> wgpu::BindGroup {
        Group::Terrain(self.bits()).bind(
            gpu,
            vec![
                wgpu::BindingResource::TextureView(self.heights.view()),
                self.pyramid.as_entire_binding(),
                self.level_table.as_entire_binding(),
                wgpu::BindingResource::TextureView(drape.view()),
            ],
        )
    }

    /// Counts these heights in the budget of another renderer on the same device, too. The process holds them once.
    pub fn share(&self, memory: &Allocator) -> Result<Option<Reservation>> {
        if !memory.has_device_of(&self.memory) {
            return Err(RenderError::Input(
                "heights: expected a renderer on the same device; got one on another; fix: set the heights anew".into(),
            ));
        }
        memory.share(&self.memory, "forge3d.heightfield.shared", self.bytes().held())
    }
}

/// Takes heights strip by strip.
pub struct Builder {
    gpu: Arc<GpuContext>,
    memory: Allocator,
    heights: TrackedTexture,
    pyramid: TrackedBuffer,
    level_table: TrackedBuffer,
    upload: StripUpload,
    facts: FactsBuilder,
    grid: Grid,
    stored: Stored,
    last_row: Vec<f32>,
    next_row: u32,
    upload_ms: f64,
}

impl Builder {
    /// Reserves everything for heights of `grid`.
    pub fn new(gpu: &Arc<GpuContext>, memory: &Allocator, grid: Grid, stored: Stored) -> Result<Self> {
        let start = Instant::now();
        let bits = stored.bits;
        check_limits(gpu, &grid, bits)?;
        gpu.scoped(RenderError::Upload, || {
            use wgpu::{BufferUsages as Buffer, TextureUsages as Texture};
            Ok(Self {
                heights: memory.texture(
                    "forge3d.heightfield.texture",
                    [bits.words(grid.cols), grid.rows],
                    bits.format(),
                    Texture::TEXTURE_BINDING | Texture::COPY_DST | Texture::COPY_SRC,
                )?,
                pyramid: memory.buffer(
                    "forge3d.heightfield.pyramid",
                    pyramid_bytes(&grid, bits),
                    Buffer::STORAGE | Buffer::COPY_SRC,
                )?,
                level_table: memory.buffer(
                    "forge3d.heightfield.levels",
                    LEVEL_TABLE_BYTES,
                    Buffer::UNIFORM | Buffer::COPY_DST,
                )?,
                upload: StripUpload::new(memory, bits.words(grid.cols), grid.rows)?,
                facts: FactsBuilder::new(grid),
                gpu: Arc::clone(gpu),
                memory: memory.clone(),
                grid,
                stored,
                last_row: Vec::new(),
                next_row: 0,
                upload_ms: start.elapsed().as_secs_f64() * 1e3,
            })
        })
    }

    /// Rows that are wanted next, at most; none when all are there.
    #[must_use]
    pub fn wanted_rows(&self) -> Option<Range<u32>> {
        let end = (self.next_row + self.upload.rows_per_strip).min(self.grid.rows);
        (self.next_row < end).then_some(self.next_row..end)
    }

    /// Where the raster lies; known at the latest when all rows are there.
    pub fn place(&mut self, grid: Grid) {
        self.grid = grid;
        self.facts.place(grid);
    }

    /// The wanted rows or the first of them, row-major, each as long as the grid is wide.
    pub fn write_rows(&mut self, heights: &[f32], call: &Call<'_>) -> Result<()> {
        let Some(wanted) = self.wanted_rows() else { return Ok(()) };
        let start = Instant::now();
        let cols = self.grid.cols as usize;
        let rows = wanted.start..wanted.end.min(wanted.start + (heights.len() / cols) as u32);
        if rows.is_empty() || heights.len() != cols * rows.len() {
            return Err(RenderError::Upload(format!(
                "heights: expected at most {} rows of {cols}; got {} numbers",
                wanted.len(),
                heights.len()
            )));
        }
        let row_at = |row: u32| &heights[(row - rows.start) as usize * cols..][..cols];
        let last_row = std::mem::take(&mut self.last_row);
        let (facts, stored, parts) = (&self.facts, self.stored, Mutex::new(Vec::new()));
        let refused = Mutex::new(None);
        let fill = |range: Range<u32>, sink: &mut RowSink<'_>| {
            let above = match range.start {
                0 => None,
                first if first == rows.start => Some(&last_row[..]),
                first => Some(row_at(first - 1)),
            };
            let mut part = facts.part(&range, above);
            let mut codes = Vec::new();
            for row in range.clone() {
                match stored.encode(facts.gather(&mut part, row, row_at(row)), &mut codes) {
                    Ok(bytes) => sink.put(bytes),
                    Err(error) => *refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(error),
                }
            }
            parts.lock().unwrap_or_else(PoisonError::into_inner).push((part, range.len() as u32));
        };
        let (upload, memory, texture) = (&mut self.upload, &self.memory, &self.heights);
        self.gpu.scoped(RenderError::Upload, || {
            upload.write(memory, texture, rows.start, rows.len() as u32, &|| call.check(), &fill)
        })?;
        if let Some(error) = refused.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        for (part, count) in parts.into_inner().unwrap_or_else(PoisonError::into_inner) {
            self.facts.join(&part, count);
        }
        self.last_row = row_at(rows.end - 1).to_vec();
        self.next_row = rows.end;
        self.upload_ms += start.elapsed().as_secs_f64() * 1e3;
        Ok(())
    }

    /// Makes the pyramid once all rows are there.
    pub fn finish(self, call: &Call<'_>) -> Result<Heightfield> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let start = Instant::now();
        let Self { gpu, memory, heights, pyramid, level_table, upload, facts, grid, stored, upload_ms, .. } = self;
        gpu.scoped(RenderError::Upload, || upload.finish(&memory, &|| call.check()))?;
        let terrain = facts.finish()?;
        let upload_ms = upload_ms + start.elapsed().as_secs_f64() * 1e3;
        let start = Instant::now();
        let levels = pyramid_levels(grid.cells_across(), stored.bits);
        gpu.scoped(RenderError::Upload, || {
            build_pyramid(&gpu, &memory, (stored, grid), &levels, &heights, &pyramid, &level_table, call)
        })?;
        Ok(Heightfield {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            terrain,
            upload_ms,
            pyramid_ms: start.elapsed().as_secs_f64() * 1e3,
            stored,
            levels,
            heights,
            pyramid,
            level_table,
            memory,
        })
    }
}

/// `Level` of `heightfield.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[allow(missing_docs, reason = "the fields are documented where the shader declares them")]
pub struct LevelUniform {
    pub size: [u32; 2],
    pub offset: u32,
    pub finer_width: u32,
    pub finer_height: u32,
    pub finer_offset: u32,
    pub first_row: u32,
    pub zero: u32,
}

/// Nodes of one submit: a few milliseconds on the slowest adapter.
const NODES_PER_SUBMIT: u32 = 1 << 21;

#[allow(clippy::too_many_arguments, reason = "the parts of a heightfield that is not whole yet")]
fn build_pyramid(
    gpu: &GpuContext,
    memory: &Allocator,
    (stored, grid): (Stored, Grid),
    levels: &[Level],
    heights: &TrackedTexture,
    pyramid: &TrackedBuffer,
    level_table: &TrackedBuffer,
    call: &Call<'_>,
) -> Result<()> {
    let bits = stored.bits;
    let mut table = [[0u32; 4]; MAX_LEVELS];
    table[0][0] = stored.shifted_base().to_bits();
    for (level, entry) in levels.iter().zip(&mut table[1..]) {
        *entry = [level.offset, bits.words(level.size[0]), level.size[1], 0];
    }
    gpu.queue.write_buffer(level_table, 0, bytemuck::bytes_of(&table));
    let uniform = memory.buffer(
        "forge3d.heightfield.level",
        std::mem::size_of::<LevelUniform>() as u64,
        wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
    )?;
    let group = Group::Pyramid(bits).bind(
        gpu,
        vec![
            wgpu::BindingResource::TextureView(heights.view()),
            pyramid.as_entire_binding(),
            uniform.as_entire_binding(),
        ],
    );
    let from_heights = programs::pyramid_from_heights(bits).pipeline(gpu)?;
    let from_finer = programs::pyramid_from_finer(bits).pipeline(gpu)?;
    for (i, level) in levels.iter().enumerate() {
        let finer = if i == 0 { Level { size: [grid.cols, grid.rows], offset: 0 } } else { levels[i - 1] };
        let rows_per_submit = (NODES_PER_SUBMIT / level.size[0]).clamp(8, 65_535 * 8);
        let mut first_row = 0;
        while first_row < level.size[1] {
            call.check()?;
            let rows = rows_per_submit.min(level.size[1] - first_row);
            let data = LevelUniform {
                size: level.size,
                offset: level.offset,
                finer_width: finer.size[0],
                finer_height: finer.size[1],
                finer_offset: finer.offset,
                first_row,
                zero: 0,
            };
            gpu.queue.write_buffer(&uniform, 0, bytemuck::bytes_of(&data));
            let mut encoder = gpu.encoder("forge3d.pyramid");
            let pipeline = if i == 0 { &from_heights } else { &from_finer };
            let counts = [bits.words(level.size[0]).div_ceil(8), rows.div_ceil(8)];
            programs::record(&mut encoder, "forge3d.pyramid", pipeline, &[(&group, &[])], counts);
            gpu.submit_and_wait(encoder)?;
            first_row += rows;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_their_exact_sizes_one_after_the_other() {
        let expected = |offsets: [u32; 3]| {
            let sizes = [[3, 2], [2, 1], [1, 1]];
            sizes.into_iter().zip(offsets).map(|(size, offset)| Level { size, offset }).collect::<Vec<_>>()
        };
        assert_eq!(pyramid_levels([5, 3], Bits::Float32), expected([0, 6, 8]));
        assert_eq!(pyramid_levels([5, 3], Bits::Whole16), expected([0, 4, 5]), "two nodes a word");
        assert_eq!(pyramid_levels([1, 1], Bits::Float32), [Level { size: [1, 1], offset: 0 }]);
    }
}
