// How much of its light a place in cast shadow keeps: a black shadow hides the form.
const SHADOW_LIGHT: f32 = 0.45;

// Horn (1981) as gdaldem hillshade writes it: 1..255, the cosine to the sun, as display value 0..1.
fn shade(surface: Surface, light: Light) -> vec4f {
    let cosine = dot(surface.normal, light.sun);
    return vec4f(vec3f((1.0 + 254.0 * max(cosine, 0.0) * mix(SHADOW_LIGHT, 1.0, light.sun_visible)) / 255.0), 1.0);
}
