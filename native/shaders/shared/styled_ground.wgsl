// The ground's own colour with a surface style: what the style returns, over the ramp. StyleSurface, style_surface,
// style_work_left and take_style_parameters come with the style, checked and bounded.

struct Styling {
    parameters: array<vec4f, 4>,
    // Metres that the true heights lie above those at hand.
    height_offset: f32,
    lowest: f32,
    highest: f32,
    // Turns of loops, by their length, that a style has for one place.
    work: u32,
}

@group(3) @binding(0) var<uniform> styling: Styling;

// By its bits: compilers may take for granted that no number is none.
fn is_finite(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

// Metres that a pixel spans at a place, from how the rays of the picture part.
fn pixel_span(world: vec3f) -> f32 {
    let away = dot(world - frame.ray_origin, frame.ray_direction) / dot(frame.ray_direction, frame.ray_direction);
    return length(frame.ray_origin_right + frame.ray_direction_right * away) * abs(frame.ndc_scale.x);
}

fn ground_color(surface: Surface) -> vec3f {
    let below = ramp_color(surface.height);
    let true_slope = surface.slope / lanes.exaggeration;
    var seen: StyleSurface;
    seen.height = surface.height + styling.height_offset;
    seen.steepness = degrees(atan(length(true_slope)));
    let facing = degrees(atan2(-true_slope.x, -true_slope.y));
    seen.aspect = select(facing, facing + 360.0, facing < 0.0);
    if (all(true_slope == vec2f(0.0))) { seen.aspect = 0.0; }
    seen.normal = surface.normal;
    seen.slope = surface.slope;
    seen.world = surface.world;
    seen.place = surface.place.xy;
    seen.lowest = styling.lowest;
    seen.highest = styling.highest;
    seen.pixel = pixel_span(surface.world);
    seen.cell = lanes.spacing;
    take_style_parameters(styling.parameters);
    style_work_left = styling.work;
    let color = style_surface(seen);
    // What is no number colours nothing.
    if (!(is_finite(color.r) && is_finite(color.g) && is_finite(color.b) && is_finite(color.a))) { return below; }
    let tame = clamp(color, vec4f(0.0), vec4f(1.0));
    return mix(below, linear_from_srgb(tame.rgb), tame.a);
}
