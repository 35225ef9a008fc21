// Snow above a line that lies lower on the shaded side, thinner where it is steep, with a ragged edge.
// @param snow_line 1500 0..9000 m «Snow line»
// @param transition 250 1..2000 m «Ragged edge»
// @param steepest 50 10..90 ° «Steepest slope with snow»
// @param shade_side 200 0..1500 m «Lower on the north side by»

// A number in 0..1 for a place of a grid.
fn hash(place: vec2f) -> f32 {
    let q = vec2u(vec2i(place));
    var h = q.x * 0x9e3779b9u + q.y * 0x85ebca6bu;
    h = (h ^ (h >> 15u)) * 0x2c1b3c6du;
    h = (h ^ (h >> 12u)) * 0x297a2d39u;
    return f32((h ^ (h >> 15u)) >> 8u) / 16777216.0;
}

// Smooth between the places of the grid.
fn noise(place: vec2f) -> f32 {
    let low = floor(place);
    let part = smoothstep(vec2f(0.0), vec2f(1.0), place - low);
    let south = mix(hash(low), hash(low + vec2f(1.0, 0.0)), part.x);
    let north = mix(hash(low + vec2f(0.0, 1.0)), hash(low + vec2f(1.0, 1.0)), part.x);
    return mix(south, north, part.y);
}

fn surface(s: Surface) -> vec4f {
    // Patches of some cells, each octave half the size of the one before, as fine as a pixel shows them.
    var ragged = 0.0;
    var weight = 0.5;
    var size = 24.0 * s.cell;
    for (var octave = 0; octave < 5 && size > s.pixel; octave++) {
        ragged += weight * (noise(s.world.xy / size) - 0.5);
        weight *= 0.5;
        size *= 0.5;
    }
    let north_side = cos(radians(s.aspect)) * sin(radians(s.steepness));
    let line = params.snow_line - params.shade_side * max(north_side, 0.0) + 2.0 * params.transition * ragged;
    let above = smoothstep(-0.5 * params.transition, 0.5 * params.transition, s.height - line);
    let holds = 1.0 - smoothstep(params.steepest - 8.0, params.steepest + 4.0, s.steepness);
    // Old snow at the edge is greyer than the fresh snow above.
    return vec4f(mix(rgb(0xdfe4e8u), rgb(0xfbfdffu), above), above * holds);
}
