// Step 3 of a picture: one sample for a row of workgroups. Primary ray, the rays that the model of shading wants, its
// light added to the pixel's sum. SUN_RAY, SKY_RAY, slope_in_cells and shade come with the model.

@group(2) @binding(0) var<storage, read> ramp: array<vec4f>;
// Light (times coverage) and coverage, summed over the samples, of the rows of one slab.
@group(2) @binding(1) var<storage, read_write> light_sums: array<vec4f>;
// Samples that each row of workgroups of the slab holds.
@group(2) @binding(2) var<storage, read_write> row_samples: array<u32>;

fn light_on(surface: Surface, pixel: vec2u) -> Light {
    var light = Light(lanes.sun_direction_in_world, lanes.sun_direction_in_world, 1.0, 1.0);
    let turn = pixel_turn(pixel);
    let sun_place = disk_place(fract(one_sample.sun + turn.xy));
    light.sun_sample = normalize(light.sun + frame.sun_disk_first * sun_place.x + frame.sun_disk_second * sun_place.y);
    let sky = sky_direction(surface.normal, fract(one_sample.sky + turn.zw));
    let lit = dot(surface.normal, light.sun_sample);
    // One loop, so that the compiler meets the march once.
    var visible = vec2f(1.0);
    for (var ray = select(1, 0, SUN_RAY); ray < select(1, 2, SKY_RAY); ray++) {
        let toward = select(light.sun_sample, sky, ray == 1);
        let wanted = select(
            frame.cast_shadows != 0u && lit > 0.0 && frame.sun_intensity > 0.0, frame.sky_intensity > 0.0, ray == 1);
        // A thousandth of a cell off the surface, along its normal.
        let lift = 1e-3 * lanes.spacing * cells_a_side(surface.leaf);
        let o = surface.place
            + vec3f(cells_from_world(surface.normal.xy * lift), surface.normal.z * lift / lanes.exaggeration);
        let d = vec3f(cells_from_world(toward.xy), toward.z / lanes.exaggeration);
        let inverse = safe_inverse(d.xy);
        let t_end = select(-1.0, block_interval(o, d, inverse, frame.base, frame.highest).y, wanted);
        let blocked = march(o, d, inverse, 0.0, t_end, 0, true).kind != MISS;
        // Under the horizon there is no sky, nor the set part of the sun's disk.
        if (blocked || toward.z < 0.0) { visible[ray] = 0.0; }
    }
    light.sun_visible = visible.x;
    light.sky_visible = visible.y;
    return light;
}

@compute @workgroup_size(64)
fn trace(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    // Eight neighbours in a 4×2 block: on a processor they walk together.
    let in_workgroup = vec2u((lane & 3u) | ((lane >> 1u) & 4u), ((lane >> 2u) & 1u) | ((lane >> 3u) & 6u));
    let workgroup = vec2u(frame.first_workgroup + group.x, this_row.row + group.y);
    let pixel = workgroup * WORKGROUP_SIDE + in_workgroup;
    if (lane == 0u && group.x == 0u) { row_samples[workgroup.y - this_row.slab_first_row] = one_sample.index + 1u; }
    let inside = all(pixel < frame.picture);

    let ndc = (vec2f(pixel + frame.crop) + 0.5 + one_sample.pixel) * frame.ndc_scale + frame.ndc_offset;
    let ray = primary_ray(ndc);
    var o = vec3f(cells_from_world(ray.origin.xy) + frame.centre_in_cells, ray.origin.z / lanes.exaggeration);
    let d = vec3f(cells_from_world(ray.direction.xy), ray.direction.z / lanes.exaggeration);

    let inverse = safe_inverse(d.xy);
    var interval = block_interval(o, d, inverse, frame.base, frame.highest);
    let comes_from_outside = interval.x > 0.0;
    interval.x = max(interval.x, 0.0);
    // Begin at the block: near numbers are exact numbers.
    o += d * interval.x;
    let meets = inside && interval.x <= interval.y;
    // The end from the new origin, by the very numbers that the march has for its edges: no step leads off the grid.
    interval = vec2f(0.0, select(-1.0, block_interval(o, d, inverse, frame.base, frame.highest).y, meets));
    let primary = march(o, d, inverse, 0.0, interval.y, frame.primary_level, false);
    if (!inside) { return; }

    var color = vec4f(0.0);
    if (primary.kind == INSIDE && primary.t == 0.0 && comes_from_outside && has_wall(o.xy)) {
        color = vec4f(frame.wall_color, 1.0);
    }
    if (primary.kind == SURFACE) {
        var surface: Surface;
        surface.leaf = primary.leaf;
        surface.cell = primary.cell;
        surface.place = o + d * primary.t;
        surface.uv = clamp(surface.place.xy / cells_a_side(primary.leaf) - vec2f(primary.cell), vec2f(0.0), vec2f(1.0));
        surface.height = surface_height(surface.leaf, surface.cell, surface.uv);
        surface.slope = slope_in_world(slope_in_cells(surface.leaf, surface.cell, surface.uv));
        surface.normal = normal_of(surface.slope);
        surface.world =
            vec3f(world_from_cells(surface.place.xy - frame.centre_in_cells), surface.place.z * lanes.exaggeration);
        color = shade(surface, light_on(surface, pixel + frame.crop));
    }
    let index = (pixel.y - this_row.slab_first_row * WORKGROUP_SIDE) * frame.picture.x + pixel.x;
    light_sums[index] = select(light_sums[index] + color, color, one_sample.index == 0u);
}
