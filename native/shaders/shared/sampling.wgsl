// Directions and places from numbers in 0..1: pure functions, no bindings, so that the f64 twin mirrors them line by
// line.

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

// PCG (Jarzynski and Olano 2020): a number a pixel, to turn the sample sequence by.
fn pixel_turn(pixel: vec2u) -> vec4f {
    var v = vec4u(pixel, pixel.x ^ pixel.y, pixel.x + pixel.y);
    v = v * 1664525u + 1013904223u;
    v.x += v.y * v.w; v.y += v.z * v.x; v.z += v.x * v.y; v.w += v.y * v.z;
    v = v ^ (v >> vec4u(16u));
    v.x += v.y * v.w; v.y += v.z * v.x; v.z += v.x * v.y; v.w += v.y * v.z;
    return vec4f(v >> vec4u(8u)) / 16777216.0;
}
