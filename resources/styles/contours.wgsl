// Contour lines over tinted bands of height. Every fifth line is heavier. The lines keep their width on the picture; where
// they would run together they fade.
// @param interval 50 1..1000 m «Interval»
// @param line 1.2 0..5 px «Line width»
// @param bands 35 0..100 % «Tint of the bands»

const TINTS = array<u32, 6>(0xb9cfa3u, 0xd9dba6u, 0xe8d7a0u, 0xd9b98au, 0xc9a58fu, 0xe9e2dcu);

// How much of a pixel a line covers, from the metres of height between the place and the line.
fn covered(rise: f32, metres: f32, width: f32) -> f32 {
    return clamp(0.5 * width + 0.5 - metres / rise, 0.0, 1.0);
}

fn surface(s: Surface) -> vec4f {
    // Metres of height across a pixel.
    let rise = max(tan(radians(s.steepness)) * s.pixel, 1e-4);
    let lines = s.height / params.interval;
    let nearest = round(lines);
    let metres = abs(lines - nearest) * params.interval;
    let is_heavy = abs(nearest / 5.0 - round(nearest / 5.0)) < 0.1;
    let width = select(params.line, 1.8 * params.line, is_heavy);
    let room = params.interval / rise; // pixels from line to line
    let ink = covered(rise, metres, width) * smoothstep(1.5, 5.0, room) * select(0.7, 0.95, is_heavy);
    let range = max(s.highest - s.lowest, 1.0);
    let band = floor(lines) * params.interval - s.lowest;
    let tint = rgb(TINTS[u32(clamp(band / range * 6.0, 0.0, 5.0))]);
    // Ink over tint over what lies below.
    let share = params.bands / 100.0;
    let alpha = ink + share * (1.0 - ink);
    return vec4f((rgb(0x5b4636u) * ink + tint * share * (1.0 - ink)) / max(alpha, 1e-3), alpha);
}
