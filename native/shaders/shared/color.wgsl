// Colour: linear light to sRGB, bytes.

// IEC 61966-2-1.
fn srgb_from_linear(value: vec3f) -> vec3f {
    let v = clamp(value, vec3f(0.0), vec3f(1.0));
    return select(1.055 * pow(v, vec3f(1.0 / 2.4)) - 0.055, v * 12.92, v <= vec3f(0.0031308));
}

// The inverse, of values in 0..1.
fn linear_from_srgb(value: vec3f) -> vec3f {
    return select(pow((value + 0.055) / 1.055, vec3f(2.4)), value / 12.92, value <= vec3f(0.04045));
}

fn packed_bytes(color: vec4f) -> u32 {
    let bytes = vec4u(floor(clamp(color, vec4f(0.0), vec4f(1.0)) * 255.0 + 0.5));
    return bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
}
