//! Rays, shadows, sky, accumulation: the uniforms of a frame and the pipeline that traces one sample of a band.

use bytemuck::{Pod, Zeroable};
use glam::{DMat4, DVec2, DVec3};

use crate::gpu::context::GpuContext;
use crate::scene::Scene;
use crate::scene::camera::{Projection, View};
use crate::scene::dem::Dem;
use crate::scene::light::Shading;
use crate::scene::style::{Rgba, linear};

/// The parts of `trace.wgsl` and `cast.wgsl` that stand before them.
pub(crate) const SHARED: [&str; 4] = [
    include_str!("../../shaders/shared/frame.wgsl"),
    include_str!("../../shaders/shared/height.wgsl"),
    include_str!("../../shaders/shared/shading.wgsl"),
    include_str!("../../shaders/shared/march.wgsl"),
];
pub(crate) const TRACE: &str = include_str!("../../shaders/trace.wgsl");
pub(crate) const CAST: &str = include_str!("../../shaders/cast.wgsl");

/// Side of a tile of pixels: one workgroup.
pub const TILE: u32 = 8;
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

/// A photographer's answer to the sun's altitude: factor on all light that keeps level ground about as bright as under a
/// sun at 45°. Not quite (the power): a low sun should look low, and slopes that face it must not burn out.
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
    pub fn new(scene: &Scene, dem: &Dem, view: &View) -> Self {
        Self {
            view_by_rows: by_rows(view.view_from_world()),
            proj_by_rows: by_rows(view.clip_from_view()),
            sun_direction_in_world: scene.sun.direction_in_world().as_vec3().to_array(),
            exposure: scene.exposure as f32,
            spacing: dem.cell_size_m() as f32,
            height_range: dem.highest - dem.lowest,
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
    pub eye_in_world: [f32; 3],
    pub is_orthographic: f32,
    pub ndc_scale: [f32; 2],
    pub ndc_offset: [f32; 2],
    pub window: [u32; 2],
    pub picture: [u32; 2],
    pub cells_from_world: [f32; 4],
    pub centre_in_cells: [f32; 2],
    pub cells: [i32; 2],
    pub sun_disk_first: [f32; 3],
    pub sun_intensity: f32,
    pub sun_disk_second: [f32; 3],
    pub sky_intensity: f32,
    pub sun_color: [f32; 3],
    pub cast_shadows: u32,
    pub sky_color: [f32; 3],
    pub highest: f32,
    pub wall_color: [f32; 3],
    pub base: f32,
    pub background: [f32; 4],
    /// Set by whoever has the ramp's table.
    pub ramp_last: u32,
    pub shading: u32,
    pub first_tile: [u32; 2],
    pub top_level: i32,
    pub primary_level: i32,
    pub walls: u32,
    pub zero: u32,
}

/// The rectangle of a larger picture that is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Left top corner in the larger picture.
    pub origin: [u32; 2],
    /// Size of the larger picture.
    pub full: [u32; 2],
}

/// Tiles to trace: first column and row, columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileRect {
    /// First tile.
    pub first: [u32; 2],
    /// Tiles across and down; zero where nothing can be seen.
    pub count: [u32; 2],
}

impl TileRect {
    /// Tiles that the block of `dem` can touch in a picture of `size` pixels.
    #[must_use]
    pub fn of(view: &View, dem: &Dem, exaggeration: f64, size: [u32; 2], window: &Window) -> Self {
        let tiles = size.map(|side| side.div_ceil(TILE));
        let whole = Self { first: [0, 0], count: tiles };
        let mut low = DVec2::INFINITY;
        let mut high = DVec2::NEG_INFINITY;
        for corner in dem.box_corners(exaggeration) {
            let Some(ndc) = view.project(corner) else { return whole };
            let full = DVec2::new(f64::from(window.full[0]), f64::from(window.full[1]));
            let place = (ndc * DVec2::new(0.5, -0.5) + 0.5) * full
                - DVec2::new(f64::from(window.origin[0]), f64::from(window.origin[1]));
            low = low.min(place);
            high = high.max(place);
        }
        // A pixel of slack: sample positions leave their pixel's centre.
        let range = |low: f64, high: f64, tiles: u32| {
            let first = ((low - 1.0) / f64::from(TILE)).floor().clamp(0.0, f64::from(tiles)) as u32;
            let end = ((high + 1.0) / f64::from(TILE)).ceil().clamp(0.0, f64::from(tiles)) as u32;
            (first, end.saturating_sub(first))
        };
        let (x, width) = range(low.x, high.x, tiles[0]);
        let (y, height) = range(low.y, high.y, tiles[1]);
        if width == 0 || height == 0 {
            Self { first: [0, 0], count: [0, 0] }
        } else {
            Self { first: [x, y], count: [width, height] }
        }
    }
}

impl Frame {
    /// The frame of a scene seen by `view`.
    #[must_use]
    pub fn new(
        scene: &Scene,
        dem: &Dem,
        view: &View,
        picture: [u32; 2],
        window: &Window,
        tiles: &TileRect,
        levels: usize,
    ) -> Self {
        let full = DVec2::new(f64::from(window.full[0]), f64::from(window.full[1]));
        let scale = DVec2::new(2.0, -2.0) / full;
        let color = |rgba: Rgba| {
            let rgba = rgba.map(f64::from);
            // Display-referred models are mixed and written as they are.
            if scene.shading.is_display_referred() { rgba.map(|v| (v / 255.0) as f32) } else { linear(rgba) }
        };
        let wall = color(scene.style.wall);
        let daylight = daylight_factor(scene.sun.direction_in_world().z);
        let [first, second] = scene.sun.disk_in_world();
        // The disk of the classical models is a point: they know one direction only.
        let (first, second) =
            if scene.shading == Shading::Relief { (first, second) } else { (DVec3::ZERO, DVec3::ZERO) };
        Self {
            eye_in_world: view.eye.as_vec3().to_array(),
            is_orthographic: if view.projection == Projection::Orthographic { 1.0 } else { 0.0 },
            ndc_scale: scale.as_vec2().to_array(),
            ndc_offset: [-1.0, 1.0],
            window: window.origin,
            picture,
            cells_from_world: dem.world_from_cells.inverse().as_mat2().to_cols_array(),
            centre_in_cells: dem.centre().as_vec2().to_array(),
            cells: [dem.cols as i32 - 1, dem.rows as i32 - 1],
            sun_disk_first: first.as_vec3().to_array(),
            sun_intensity: (scene.sun.intensity * SUN_SHARE * daylight) as f32,
            sun_disk_second: second.as_vec3().to_array(),
            sky_intensity: (scene.sky_view * SKY_SHARE * daylight) as f32,
            sun_color: SUN_COLOR.as_vec3().to_array(),
            cast_shadows: u32::from(scene.cast_shadows),
            sky_color: SKY_COLOR.as_vec3().to_array(),
            highest: dem.highest,
            wall_color: [wall[0], wall[1], wall[2]],
            base: dem.base(scene.exaggeration) as f32,
            background: color(scene.style.background),
            ramp_last: 0,
            shading: scene.shading.number(),
            first_tile: tiles.first,
            top_level: levels as i32,
            primary_level: (levels as i32 - 3).max(1),
            walls: dem.walls,
            zero: 0,
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
    zero: u32,
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

/// The pipeline that traces, with its two first bind group layouts.
pub struct TracePass {
    pub(crate) frame_layout: wgpu::BindGroupLayout,
    pub(crate) terrain_layout: wgpu::BindGroupLayout,
    pub(crate) output_layout: wgpu::BindGroupLayout,
    pub(crate) pipeline: wgpu::ComputePipeline,
}

impl TracePass {
    /// Makes or finds the pipeline.
    pub fn new(gpu: &GpuContext) -> Self {
        let uniform = |dynamic| wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: dynamic,
            min_binding_size: None,
        };
        let storage = |read_only| wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Storage { read_only },
            has_dynamic_offset: false,
            min_binding_size: None,
        };
        let texture = wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable: false },
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled: false,
        };
        let frame_layout =
            super::layout(gpu, "forge3d.frame", &[uniform(false), uniform(false), uniform(true), uniform(true)]);
        let terrain_layout = super::layout(gpu, "forge3d.terrain", &[texture, storage(true), uniform(false), texture]);
        let output_layout = super::layout(gpu, "forge3d.trace", &[storage(true), storage(false), storage(false)]);
        let mut parts = SHARED.to_vec();
        parts.push(TRACE);
        let pipeline = gpu.shaders.pipeline(gpu, &parts, "trace", &[&frame_layout, &terrain_layout, &output_layout]);
        Self { frame_layout, terrain_layout, output_layout, pipeline }
    }
}
