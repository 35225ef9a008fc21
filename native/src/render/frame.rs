//! What a frame knows before its first ray: the blocks of bytes that `frame.wgsl` reads, and the buffers that hold
//! them.

use bytemuck::{Pod, Zeroable};
use glam::{DMat4, DVec2, DVec3};

use crate::error::Result;
use crate::gpu::bindings::part;
use crate::gpu::memory::{Allocator, TrackedBuffer};
use crate::gpu::stamps::{STAMP_BYTES, Stamps};
use crate::scene::Scene;
use crate::scene::camera::View;
use crate::scene::facts::Terrain;
use crate::scene::projection::view_from_world;
use crate::scene::shading::Output;
use crate::scene::style::{ColorRamp, RAMP_ENTRIES, Rgba, linear};
use crate::scene::surface::{MOST_PARAMETERS, SurfaceStyle};

/// Side of the square of pixels that one workgroup traces.
pub const WORKGROUP_SIDE: u32 = 8;
/// Samples a picture may hold: the length of the sample table.
pub const MAX_SAMPLES: u32 = 1024;
/// Distance of table entries: what every adapter allows as dynamic offset.
pub const TABLE_STRIDE: u64 = 256;

/// Late afternoon sun and clear sky, linear; their sum on a level surface is about white.
const SUN_COLOR: DVec3 = DVec3::new(1.02, 1.0, 0.93);
const SKY_COLOR: DVec3 = DVec3::new(0.90, 1.0, 1.18);
/// Shares of sun (on a surface that faces it) and sky (unobstructed) in full light.
const SUN_SHARE: f64 = 0.92;
const SKY_SHARE: f64 = 0.20;

/// The seed's lane map: 44 floats, the very block that the shaders get.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct Lanes {
    /// View matrix by rows.
    pub view_by_rows: [[f32; 4]; 4],
    /// Projection matrix by rows.
    pub proj_by_rows: [[f32; 4]; 4],
    /// To the sun, world.
    pub sun_direction_in_world: [f32; 3],
    /// Factor on all light.
    pub exposure: f32,
    /// Side of a cell, metres.
    pub spacing: f32,
    /// Highest minus lowest, metres.
    pub height_range: f32,
    /// Artistic height factor.
    pub exaggeration: f32,
    /// Always zero.
    pub zero: f32,
    /// Always zero.
    pub pad: [f32; 4],
}

/// A photographer's answer to the sun's altitude: factor on all light that keeps level ground about as bright as under
/// a sun at 45°. Not quite (the power): a low sun should look low, and slopes that face it must not burn out.
fn daylight_factor(sin_altitude: f64) -> f64 {
    let level_ground = |sin_altitude: f64| SUN_SHARE * sin_altitude + SKY_SHARE;
    (level_ground(std::f64::consts::FRAC_1_SQRT_2) / level_ground(sin_altitude)).powf(0.6)
}

fn by_rows(matrix: DMat4) -> [[f32; 4]; 4] {
    matrix.transpose().as_mat4().to_cols_array_2d()
}

impl Lanes {
    /// The lanes of a scene seen by `view`.
    #[must_use]
    pub fn new(scene: &Scene, terrain: &Terrain, view: &View) -> Self {
        Self {
            view_by_rows: by_rows(view_from_world(&view.frustum)),
            proj_by_rows: by_rows(view.projection.clip_from_view(&view.frustum)),
            sun_direction_in_world: scene.sun.direction_in_world().as_vec3().to_array(),
            exposure: scene.exposure as f32,
            spacing: terrain.grid.cell_size_m() as f32,
            height_range: terrain.highest - terrain.lowest,
            exaggeration: scene.exaggeration as f32,
            zero: 0.0,
            pad: [0.0; 4],
        }
    }
}

/// What else a frame knows; `Frame` of `frame.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[allow(missing_docs, reason = "the fields are documented where the shader declares them")]
pub struct Frame {
    pub ray_origin: [f32; 3],
    pub sun_intensity: f32,
    pub ray_origin_right: [f32; 3],
    pub sky_intensity: f32,
    pub ray_origin_up: [f32; 3],
    pub highest: f32,
    pub ray_direction: [f32; 3],
    pub base: f32,
    pub ray_direction_right: [f32; 3],
    pub cast_shadows: u32,
    pub ray_direction_up: [f32; 3],
    pub ramp_last: u32,
    pub ndc_scale: [f32; 2],
    pub ndc_offset: [f32; 2],
    pub crop: [u32; 2],
    pub picture: [u32; 2],
    pub cells_from_world: [f32; 4],
    pub world_from_cells: [f32; 4],
    pub centre_in_cells: [f32; 2],
    pub cells: [i32; 2],
    pub sun_disk_first: [f32; 3],
    pub first_workgroup: u32,
    pub sun_disk_second: [f32; 3],
    pub walls: u32,
    pub sun_color: [f32; 3],
    pub top_level: i32,
    pub sky_color: [f32; 3],
    pub primary_level: i32,
    pub wall_color: [f32; 3],
    pub end_workgroup: u32,
    pub background: [f32; 4],
}

/// The numbers of a surface style; `Styling` of `styled_ground.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[allow(missing_docs, reason = "the fields are documented where the shader declares them")]
pub struct Styling {
    pub parameters: [[f32; 4]; MOST_PARAMETERS / 4],
    pub height_offset: f32,
    pub lowest: f32,
    pub highest: f32,
    pub work: u32,
}

impl Styling {
    /// The numbers of `style` on `terrain`, with `work` for the loops of a place.
    #[must_use]
    pub fn new(style: &SurfaceStyle, terrain: &Terrain, work: u32) -> Self {
        let mut parameters = [[0.0; 4]; MOST_PARAMETERS / 4];
        for (slot, value) in parameters.as_flattened_mut().iter_mut().zip(&style.values) {
            *slot = *value;
        }
        Self {
            parameters,
            height_offset: style.height_offset,
            lowest: terrain.lowest + style.height_offset,
            highest: terrain.highest + style.height_offset,
            work,
        }
    }
}

/// The rectangle of a larger picture that is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crop {
    /// Left top corner in the larger picture.
    pub origin: [u32; 2],
    /// Size of the larger picture.
    pub full: [u32; 2],
}

impl Frame {
    /// The frame of a scene seen by `view`. `top_level`: of the pyramid. `first_workgroup`, `end_workgroup`: the columns of
    /// workgroups that are traced. `ramp_last`: last entry of the ramp's table.
    #[must_use]
    pub fn new(
        scene: &Scene,
        terrain: &Terrain,
        view: &View,
        picture: [u32; 2],
        crop: &Crop,
        [top_level, first_workgroup, end_workgroup, ramp_last]: [u32; 4],
    ) -> Self {
        let full = DVec2::new(f64::from(crop.full[0]), f64::from(crop.full[1]));
        let scale = DVec2::new(2.0, -2.0) / full;
        let rays = view.rays();
        let color = |rgba: Rgba| {
            let rgba = rgba.map(f64::from);
            match scene.shading.output {
                // Mixed and written as they are.
                Output::Display => rgba.map(|v| (v / 255.0) as f32),
                Output::Linear => linear(rgba),
            }
        };
        let wall = color(scene.style.wall);
        let daylight = daylight_factor(scene.sun.direction_in_world().z);
        let [disk_first, disk_second] =
            if scene.shading.sun_disk { scene.sun.disk_in_world() } else { [DVec3::ZERO; 2] };
        let grid = &terrain.grid;
        let vec3 = |v: DVec3| v.as_vec3().to_array();
        Self {
            ray_origin: vec3(rays.origin),
            sun_intensity: (scene.sun.intensity * SUN_SHARE * daylight) as f32,
            ray_origin_right: vec3(rays.origin_right),
            sky_intensity: (scene.sky_intensity * SKY_SHARE * daylight) as f32,
            ray_origin_up: vec3(rays.origin_up),
            highest: terrain.highest,
            ray_direction: vec3(rays.direction),
            base: terrain.base(scene.exaggeration) as f32,
            ray_direction_right: vec3(rays.direction_right),
            cast_shadows: u32::from(scene.cast_shadows),
            ray_direction_up: vec3(rays.direction_up),
            ramp_last,
            ndc_scale: scale.as_vec2().to_array(),
            ndc_offset: [-1.0, 1.0],
            crop: crop.origin,
            picture,
            cells_from_world: grid.world_from_cells.inverse().as_mat2().to_cols_array(),
            world_from_cells: grid.world_from_cells.as_mat2().to_cols_array(),
            centre_in_cells: grid.centre().as_vec2().to_array(),
            cells: grid.cells_across().map(|side| side as i32),
            sun_disk_first: vec3(disk_first),
            first_workgroup,
            sun_disk_second: vec3(disk_second),
            walls: terrain.walls,
            sun_color: vec3(SUN_COLOR),
            top_level: top_level as i32,
            sky_color: vec3(SKY_COLOR),
            // Two levels below the top: the first nodes of a ray that comes from afar are large, and the root is never
            // missed.
            primary_level: (top_level as i32 - 3).max(1),
            wall_color: [wall[0], wall[1], wall[2]],
            end_workgroup,
            background: color(scene.style.background),
        }
    }
}

/// One entry of the sample table.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub struct Sample {
    /// Offset from the pixel's centre, pixels.
    pub pixel: [f32; 2],
    /// For the place on the sun's disk.
    pub sun: [f32; 2],
    /// For the direction in the sky.
    pub sky: [f32; 2],
    /// Which sample it is.
    pub index: u32,
    /// Always zero.
    pub zero: u32,
}

impl Sample {
    /// Sample `index`: the first goes through the pixel's centre, the further ones follow Roberts' (2018) additive
    /// sequences R2, which fill their squares evenly at any count.
    #[must_use]
    pub fn new(index: u32) -> Self {
        // Plastic number and its square, inverted; for the sky R2 by another start, so that sun and sky are not tied.
        const STEP: DVec2 = DVec2::new(0.754_877_666_246_692_8, 0.569_840_290_998_053_3);
        let at = |start: f64| (DVec2::splat(start) + STEP * f64::from(index)).fract().as_vec2();
        let pixel = (DVec2::splat(0.5) + STEP * f64::from(index)).fract() - 0.5;
        // The golden ratio for the angle and the sample's turn for the radius: another pair than the pixel's.
        let sun = DVec2::new((0.5 + 0.618_033_988_749_894_9 * f64::from(index)).fract(), at(0.25).y.into());
        Self {
            pixel: pixel.as_vec2().to_array(),
            sun: sun.as_vec2().to_array(),
            sky: at(0.0).to_array(),
            index,
            zero: 0,
        }
    }
}

/// One entry of the table of rows of workgroups; `WorkgroupRow` of `frame.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub struct WorkgroupRow {
    /// In the picture.
    pub row: u32,
    /// First row of workgroups of the slab that holds it.
    pub slab_first_row: u32,
}

/// A table whose entries lie `TABLE_STRIDE` bytes apart.
#[must_use]
pub fn strided<T: Pod>(entries: impl ExactSizeIterator<Item = T>) -> Vec<u8> {
    let mut table = vec![0u8; entries.len() * TABLE_STRIDE as usize];
    for (entry, bytes) in entries.zip(table.chunks_exact_mut(TABLE_STRIDE as usize)) {
        bytes[..std::mem::size_of::<T>()].copy_from_slice(bytemuck::bytes_of(&entry));
    }
    table
}

const RAMP_BYTES: u64 = (RAMP_ENTRIES * 16) as u64;
const LANES_BYTES: u64 = std::mem::size_of::<Lanes>() as u64;
const FRAME_BYTES: u64 = std::mem::size_of::<Frame>() as u64;
/// Lanes and frame lie in one buffer, so that one write brings both; a uniform begins at a multiple of this.
const FRAME_OFFSET: u64 = LANES_BYTES.next_multiple_of(TABLE_STRIDE);
const STYLING_BYTES: u64 = std::mem::size_of::<Styling>() as u64;
const UNIFORM_BYTES: u64 = FRAME_OFFSET + FRAME_BYTES;

/// The buffers of a frame whose size does not follow the picture.
pub struct FrameBuffers {
    pub(crate) samples: TrackedBuffer,
    pub(crate) ramp: TrackedBuffer,
    pub(crate) stamps: Stamps,
    pub(crate) styling: TrackedBuffer,
    uniforms: TrackedBuffer,
    /// What the ramp's buffer was made of, and its last entry.
    written: Option<(ColorRamp, [f64; 2], u32)>,
}

impl FrameBuffers {
    /// Bytes of all of them.
    pub const BYTES: u64 = UNIFORM_BYTES + MAX_SAMPLES as u64 * TABLE_STRIDE + RAMP_BYTES + STYLING_BYTES + STAMP_BYTES;

    /// Makes them, and writes the sample table.
    pub fn new(gpu: &Allocator) -> Result<Self> {
        let uniform = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let buffers = Self {
            uniforms: gpu.buffer("forge3d.frame", UNIFORM_BYTES, uniform)?,
            samples: gpu.buffer("forge3d.frame.samples", u64::from(MAX_SAMPLES) * TABLE_STRIDE, uniform)?,
            ramp: gpu.buffer(
                "forge3d.style.ramp",
                RAMP_BYTES,
                wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
            )?,
            stamps: Stamps::new(gpu)?,
            styling: gpu.buffer("forge3d.style", STYLING_BYTES, uniform)?,
            written: None,
        };
        gpu.queue.write_buffer(&buffers.samples, 0, &strided((0..MAX_SAMPLES as usize).map(|i| Sample::new(i as u32))));
        Ok(buffers)
    }

    /// Brings the numbers of a surface style to the GPU.
    pub fn write_styling(&self, gpu: &Allocator, styling: &Styling) {
        gpu.queue.write_buffer(&self.styling, 0, bytemuck::bytes_of(styling));
    }

    /// Lanes and frame as bindings.
    pub(crate) fn uniforms(&self) -> [wgpu::BindingResource<'_>; 2] {
        [part(&self.uniforms, 0, LANES_BYTES), part(&self.uniforms, FRAME_OFFSET, FRAME_BYTES)]
    }

    /// Brings lanes and frame to the GPU: what was submitted before still sees the old ones.
    pub fn write(&self, gpu: &Allocator, lanes: &Lanes, frame: &Frame) {
        let mut bytes = [0u8; UNIFORM_BYTES as usize];
        bytes[..LANES_BYTES as usize].copy_from_slice(bytemuck::bytes_of(lanes));
        bytes[FRAME_OFFSET as usize..].copy_from_slice(bytemuck::bytes_of(frame));
        gpu.queue.write_buffer(&self.uniforms, 0, &bytes);
    }

    /// Brings the ramp to the GPU for heights from `lowest` to `highest`, if it is another; its last entry.
    pub fn write_ramp(&mut self, gpu: &Allocator, ramp: &ColorRamp, [lowest, highest]: [f64; 2]) -> u32 {
        if let Some((_, _, last)) = self.written.as_ref().filter(|(old, of, _)| old == ramp && *of == [lowest, highest])
        {
            return *last;
        }
        let table = ramp.table(lowest, highest);
        let last = table.len() as u32 - 1;
        gpu.queue.write_buffer(&self.ramp, 0, bytemuck::cast_slice(&table));
        self.written = Some((ramp.clone(), [lowest, highest], last));
        last
    }
}
