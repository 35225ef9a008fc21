// Light on a surface: pure functions of slopes and directions, no bindings, so that the f64 twin mirrors them line by line.

const SHADING_RELIEF: u32 = 0u;
const SHADING_HORN: u32 = 1u;

// How much of its light a place in cast shadow keeps under the classical grey models: a black shadow hides the form.
const HORN_SHADOW_LIGHT: f32 = 0.45;

// Unit normal of a surface with these slopes (dz/dx, dz/dy).
fn normal_of(slope: vec2f) -> vec3f {
    return vec3f(-slope, 1.0) * inverseSqrt(1.0 + dot(slope, slope));
}

// Horn (1981) as gdaldem hillshade writes it: 1..255, the cosine to the sun, as display value 0..1.
fn shade_horn(normal: vec3f, sun: vec3f, visible: f32) -> f32 {
    let cosine = dot(normal, sun);
    return (1.0 + 254.0 * max(cosine, 0.0) * mix(HORN_SHADOW_LIGHT, 1.0, visible)) / 255.0;
}

// A direction of the hemisphere around `normal`, likely as its cosine (Malley's method), from two numbers in 0..1.
fn sky_direction(normal: vec3f, random: vec2f) -> vec3f {
    let radius = sqrt(random.x);
    let angle = 6.28318530718 * random.y;
    // Duff et al. (2017): a frame around a unit vector without branches.
    let sign = select(-1.0, 1.0, normal.z >= 0.0);
    let a = -1.0 / (sign + normal.z);
    let b = normal.x * normal.y * a;
    let first = vec3f(1.0 + sign * normal.x * normal.x * a, sign * b, -sign * normal.x);
    let second = vec3f(b, sign + normal.y * normal.y * a, -normal.y);
    return first * (radius * cos(angle)) + second * (radius * sin(angle)) + normal * sqrt(max(1.0 - random.x, 0.0));
}

// A place of the unit disk, evenly, from two numbers in 0..1.
fn disk_place(random: vec2f) -> vec2f {
    let angle = 6.28318530718 * random.y;
    return sqrt(random.x) * vec2f(cos(angle), sin(angle));
}
