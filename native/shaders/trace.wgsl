// Step 3 of a picture: one sample for a band of pixels. Primary ray, sun ray, sky ray, light added to the pixel's sum.

@group(2) @binding(0) var<storage, read> ramp: array<vec4f>;
// Light (linear, times coverage) and coverage, summed over the samples.
@group(2) @binding(1) var<storage, read_write> light: array<vec4f>;
// Samples that each row of tiles holds.
@group(2) @binding(2) var<storage, read_write> row_samples: array<u32>;

// Slopes in metres a cell at a place of a cell: Horn's 3×3 gradient at its corners, interpolated over it, so that shading
// is smooth across cells and exact at the samples. Void and outer samples continue the inner ones in a straight line.
fn slope_in_cells(cell: vec2i, uv: vec2f) -> vec2f {
    var block: array<array<f32, 4>, 4>;
    for (var j = 0; j < 4; j++) {
        for (var i = 0; i < 4; i++) {
            let at = cell + vec2i(i - 1, j - 1);
            let inside = all(at >= vec2i(0)) && all(at <= frame.cells);
            block[j][i] = select(VOID_HEIGHT, height_at(clamp(at, vec2i(0), frame.cells)), inside);
        }
    }
    for (var j = 1; j < 3; j++) {
        if (block[j][0] < VOID_LIMIT) { block[j][0] = 2.0 * block[j][1] - block[j][2]; }
        if (block[j][3] < VOID_LIMIT) { block[j][3] = 2.0 * block[j][2] - block[j][1]; }
    }
    for (var i = 0; i < 4; i++) {
        if (block[0][i] < VOID_LIMIT) { block[0][i] = 2.0 * block[1][i] - block[2][i]; }
        if (block[3][i] < VOID_LIMIT) { block[3][i] = 2.0 * block[2][i] - block[1][i]; }
    }
    let difference = array<vec4f, 2>(vec4f(uv.x - 1.0, -uv.x, 1.0 - uv.x, uv.x), vec4f(uv.y - 1.0, -uv.y, 1.0 - uv.y, uv.y));
    let weight = array<vec4f, 2>(vec4f(1.0 - uv.x, 2.0 - uv.x, 1.0 + uv.x, uv.x), vec4f(1.0 - uv.y, 2.0 - uv.y, 1.0 + uv.y, uv.y));
    var slope = vec2f(0.0);
    for (var j = 0; j < 4; j++) {
        let row = vec4f(block[j][0], block[j][1], block[j][2], block[j][3]);
        slope += vec2f(weight[1][j] * dot(difference[0], row), difference[1][j] * dot(weight[0], row));
    }
    return slope / 8.0;
}

// Slopes per metre of the exaggerated surface in world, from slopes in metres a cell: the inverse transposed matrix.
fn slope_in_world(slope: vec2f) -> vec2f {
    let m = frame.cells_from_world;
    return vec2f(m.x * slope.x + m.y * slope.y, m.z * slope.x + m.w * slope.y) * lanes.exaggeration;
}

// The ramp is a path of straight pieces, its heights in w.
fn ramp_color(height: f32) -> vec3f {
    // The first entry that is not below.
    var first = 0u;
    var last = frame.ramp_last;
    while (first < last) {
        let middle = (first + last) / 2u;
        if (ramp[middle].w < height) { first = middle + 1u; } else { last = middle; }
    }
    let above = ramp[first];
    let below = ramp[max(first, 1u) - 1u];
    let part = select(1.0, (height - below.w) / (above.w - below.w), above.w > below.w);
    return mix(below.rgb, above.rgb, clamp(part, 0.0, 1.0));
}

// From the samples, not from the ray: level ground has its very height, which may be where a colour ends.
fn surface_height(cell: vec2i, uv: vec2f) -> f32 {
    let h00 = height_at(cell);
    let b = height_at(cell + vec2i(1, 0)) - h00;
    let c = height_at(cell + vec2i(0, 1)) - h00;
    let e = height_at(cell + vec2i(1, 1)) - h00 - b - c;
    return h00 + b * uv.x + c * uv.y + e * uv.x * uv.y;
}

// The drape at a place in cells, bilinear, straight alpha, linear light. Its edges lie half a cell outside the samples.
fn drape_color(place: vec2f) -> vec4f {
    let size = vec2i(textureDimensions(drape));
    let at = (place + 0.5) / (vec2f(frame.cells) + 1.0) * vec2f(size) - 0.5;
    let low = vec2i(floor(at));
    let part = at - floor(at);
    let last = size - 1;
    let zero = vec2i(0);
    let top = mix(textureLoad(drape, clamp(low, zero, last), 0), textureLoad(drape, clamp(low + vec2i(1, 0), zero, last), 0), part.x);
    let bottom = mix(textureLoad(drape, clamp(low + vec2i(0, 1), zero, last), 0), textureLoad(drape, clamp(low + vec2i(1, 1), zero, last), 0), part.x);
    return mix(top, bottom, part.y);
}

// PCG (Jarzynski and Olano 2020): a number a pixel, to turn the sample sequence by.
fn pixel_turn(pixel: vec2u) -> vec4f {
    var v = vec4u(pixel, pixel.x ^ pixel.y, pixel.x + pixel.y);
    v = v * 1664525u + 1013904223u;
    v.x += v.y * v.w; v.y += v.z * v.x; v.z += v.x * v.y; v.w += v.y * v.z;
    v = v ^ (v >> vec4u(16u));
    v.x += v.y * v.w; v.y += v.z * v.x; v.z += v.x * v.y; v.w += v.y * v.z;
    return vec4f(v >> vec4u(8u)) / 16777216.0;
}

@compute @workgroup_size(64)
fn trace(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    // Eight neighbours in a 4×2 block: on a processor they walk together.
    let in_tile = vec2u((lane & 3u) | ((lane >> 1u) & 4u), ((lane >> 2u) & 1u) | ((lane >> 3u) & 6u));
    let tile = frame.first_tile + vec2u(group.x, group.y + band.first_tile_row);
    let pixel = tile * 8u + in_tile;
    if (lane == 0u && group.x == 0u) { row_samples[tile.y] = one_sample.index + 1u; }
    let inside = all(pixel < frame.picture);

    // Primary ray, in world, from the picture's two matrices; then in cells.
    let ndc = (vec2f(pixel + frame.window) + 0.5 + one_sample.pixel) * frame.ndc_scale + frame.ndc_offset;
    let across = vec2f(ndc.x / lanes.proj_by_rows[0][0], ndc.y / lanes.proj_by_rows[1][1]);
    let right = lanes.view_by_rows[0].xyz;
    let up = lanes.view_by_rows[1].xyz;
    let forward = -lanes.view_by_rows[2].xyz;
    let offset = right * across.x + up * across.y;
    let origin_in_world = frame.eye_in_world + offset * frame.is_orthographic;
    let direction_in_world = normalize(forward + offset * (1.0 - frame.is_orthographic));
    var o = vec3f(cells_from_world(origin_in_world.xy) + frame.centre_in_cells, origin_in_world.z / lanes.exaggeration);
    var d = vec3f(cells_from_world(direction_in_world.xy), direction_in_world.z / lanes.exaggeration);

    var inverse = safe_inverse(d.xy);
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
        let place = o + d * primary.t;
        let uv = clamp(place.xy - vec2f(primary.cell), vec2f(0.0), vec2f(1.0));
        let normal = normal_of(slope_in_world(slope_in_cells(primary.cell, uv)));
        let turn = pixel_turn(pixel + frame.window);

        // Sun, then sky: one loop, so that the compiler meets the march once.
        var visible = vec2f(1.0);
        let sun_place = disk_place(fract(one_sample.sun + turn.xy));
        let sun = normalize(lanes.sun_direction_in_world + frame.sun_disk_first * sun_place.x + frame.sun_disk_second * sun_place.y);
        let sky = sky_direction(normal, fract(one_sample.sky + turn.zw));
        let sky_rays = frame.shading == SHADING_RELIEF && frame.sky_intensity > 0.0;
        let lit = dot(normal, sun);
        for (var ray = 0; ray < 2; ray++) {
            let toward = select(sun, sky, ray == 1);
            let wanted = select(frame.cast_shadows != 0u && lit > 0.0 && frame.sun_intensity > 0.0, sky_rays, ray == 1);
            // A thousandth of a cell off the surface, along its normal.
            let lift = 1e-3 * lanes.spacing;
            let ro = place + vec3f(cells_from_world(normal.xy * lift), normal.z * lift / lanes.exaggeration);
            let rd = vec3f(cells_from_world(toward.xy), toward.z / lanes.exaggeration);
            let rinverse = safe_inverse(rd.xy);
            let t_end = select(-1.0, block_interval(ro, rd, rinverse, frame.base, frame.highest).y, wanted);
            let blocked = march(ro, rd, rinverse, 0.0, t_end, 0, true).kind != MISS;
            // Under the horizon there is no sky, nor the set part of the sun's disk.
            if (blocked || toward.z < 0.0) { visible[ray] = 0.0; }
        }

        if (frame.shading == SHADING_HORN) {
            color = vec4f(vec3f(shade_horn(normal, lanes.sun_direction_in_world, visible.x)), 1.0);
        } else {
            let over = drape_color(place.xy);
            let albedo = mix(ramp_color(surface_height(primary.cell, uv)), over.rgb, over.a);
            let sunlight = frame.sun_color * (frame.sun_intensity * max(lit, 0.0) * visible.x);
            let skylight = frame.sky_color * (frame.sky_intensity * visible.y);
            color = vec4f(albedo * (sunlight + skylight) * lanes.exposure, 1.0);
        }
    }
    let index = pixel.y * frame.picture.x + pixel.x;
    light[index] = select(light[index] + color, color, one_sample.index == 0u);
}
