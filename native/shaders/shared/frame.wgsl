// What a frame knows before its first ray: camera, light, sizes. Bind group 0, the same in every pass of a picture.

// Side of the square of pixels that one workgroup traces.
const WORKGROUP_SIDE: u32 = 8u;

// The lane map of `uniform_lanes()`: 44 floats. The matrices are stored by rows, so v * M is their product with v.
struct Lanes {
    view_by_rows: mat4x4f,
    proj_by_rows: mat4x4f,
    sun_direction_in_world: vec3f,
    exposure: f32,
    spacing: f32,
    height_range: f32,
    exaggeration: f32,
    zero: f32,
    pad: vec4f,
}

struct Frame {
    // LinearRays of projection.rs: the ray at the middle of the picture and its change towards the right and top edges.
    ray_origin: vec3f,
    sun_intensity: f32,
    ray_origin_right: vec3f,
    sky_intensity: f32,
    ray_origin_up: vec3f,
    highest: f32,
    ray_direction: vec3f,
    base: f32,
    ray_direction_right: vec3f,
    cast_shadows: u32,
    ray_direction_up: vec3f,
    // The last entry of the ramp's table.
    ramp_last: u32,
    // place in the picture = pixel of the larger picture * scale + offset. The corner of the crop is added to whole
    // pixels, so that a part of the rows has the very rays of the whole.
    ndc_scale: vec2f,
    ndc_offset: vec2f,
    crop: vec2u,
    picture: vec2u,
    // 2×2 matrices by columns: metres to cells, cells to metres.
    cells_from_world: vec4f,
    world_from_cells: vec4f,
    centre_in_cells: vec2f,
    cells: vec2i,
    sun_disk_first: vec3f,
    first_workgroup: u32,
    sun_disk_second: vec3f,
    // One bit for each side that has a wall: left, top, right, bottom column or row of the raster.
    walls: u32,
    sun_color: vec3f,
    top_level: i32,
    sky_color: vec3f,
    primary_level: i32,
    wall_color: vec3f,
    // The first column of workgroups after those that are traced.
    end_workgroup: u32,
    background: vec4f,
}

// One entry a sample, chosen by dynamic offset.
struct Sample {
    pixel: vec2f,
    sun: vec2f,
    sky: vec2f,
    index: u32,
    zero: u32,
}

// One entry a row of workgroups, chosen by dynamic offset.
struct WorkgroupRow {
    // In the picture.
    row: u32,
    // Where the slab begins that holds it.
    slab_first_row: u32,
}

@group(0) @binding(0) var<uniform> lanes: Lanes;
@group(0) @binding(1) var<uniform> frame: Frame;
@group(0) @binding(2) var<uniform> one_sample: Sample;
@group(0) @binding(3) var<uniform> this_row: WorkgroupRow;

fn cells_from_world(v: vec2f) -> vec2f {
    return frame.cells_from_world.xy * v.x + frame.cells_from_world.zw * v.y;
}

fn world_from_cells(v: vec2f) -> vec2f {
    return frame.world_from_cells.xy * v.x + frame.world_from_cells.zw * v.y;
}
