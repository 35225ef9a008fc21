// Steep ground in the colours of avalanche maps: yellow, orange, red, violet, a class each five degrees from thirty.
// @param first 30 0..80 ° «First class from»
// @param width 5 1..20 ° «Width of a class»
// @param opacity 75 0..100 % «Opacity»

const COLOURS = array<u32, 4>(0xf4e34cu, 0xf39b2du, 0xdb3a34u, 0x8a4aa8u);

fn surface(s: Surface) -> vec4f {
    if (s.steepness < params.first) {
        return vec4f(0.0);
    }
    let colour = min(u32((s.steepness - params.first) / params.width), 3u);
    return vec4f(rgb(COLOURS[colour]), params.opacity / 100.0);
}
