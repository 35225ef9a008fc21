// Step 4 of a picture: summed light to sRGB bytes with straight alpha.

@group(2) @binding(0) var<storage, read> light: array<vec4f>;
@group(2) @binding(1) var<storage, read> row_samples: array<u32>;
@group(2) @binding(2) var<storage, read_write> bytes: array<u32>;

@compute @workgroup_size(64)
fn resolve(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let pixel = vec2u(group.x * 64u + lane, group.y);
    if (pixel.x >= frame.picture.x) { return; }
    let index = pixel.y * frame.picture.x + pixel.x;
    let samples = f32(max(row_samples[pixel.y / 8u], 1u));
    let mean = light[index] / samples;
    // Over the background; with a transparent one the colour alone, since alpha is straight.
    let alpha = mean.a + frame.background.a * (1.0 - mean.a);
    let color = (mean.rgb + frame.background.rgb * (frame.background.a * (1.0 - mean.a))) / max(alpha, 1e-6);
    let shown = select(srgb_from_linear(color), color, frame.shading == 1u);
    bytes[index] = packed_bytes(vec4f(shown, alpha));
}
