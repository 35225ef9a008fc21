// What a model of shading sees: the surface it lights, the light that reaches it, and doors to more. A model is one
// function, fn shade(surface: Surface, light: Light) -> vec4f, in a file of its own.

struct Surface {
    leaf: Leaf,
    // Cell of the leaf, and the place in it, 0..1.
    cell: vec2i,
    uv: vec2f,
    // In cells of the raster (columns, rows); metres without exaggeration.
    place: vec3f,
    // Metres without exaggeration, from the samples.
    height: f32,
    // dz/dx, dz/dy of the exaggerated surface, east and north.
    slope: vec2f,
    normal: vec3f,
    // Metres from the centre of the raster, z exaggerated.
    world: vec3f,
}

struct Light {
    // To the middle of the sun's disk, and to the place of it that this sample looks at. Unit vectors.
    sun: vec3f,
    sun_sample: vec3f,
    // 1 where the ray arrives, else 0. 1 as well where the model wants no such ray, or the scene no cast shadows.
    sun_visible: f32,
    sky_visible: f32,
}

// The height at a sample near the surface's cell, in metres; void outside. Offsets from -1 to 2.
fn height_near(surface: Surface, offset: vec2i) -> f32 {
    return height_in(surface.leaf, surface.cell, offset);
}

// From the samples, not from the ray: level ground has its very height, which may be where a colour ends.
fn surface_height(leaf: Leaf, cell: vec2i, uv: vec2f) -> f32 {
    let corners = patch_of(leaf, cell);
    let b = corners.y - corners.x;
    let c = corners.z - corners.x;
    let e = corners.w - corners.x - b - c;
    return corners.x + b * uv.x + c * uv.y + e * uv.x * uv.y;
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

// The scene's colour of the surface, linear light: the drape over the ground's own colour, which is that of the ramp or a
// surface style's (ramp_ground.wgsl, styled_ground.wgsl).
fn albedo_of(surface: Surface) -> vec3f {
    let over = drape_color(surface.place.xy);
    return mix(ground_color(surface), over.rgb, over.a);
}
