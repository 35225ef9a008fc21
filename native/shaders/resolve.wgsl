// Step 4 of a picture: summed light to sRGB bytes with straight alpha, a slab at a time. LINEAR_LIGHT comes with the
// model of shading: display values are written as they are.

@group(2) @binding(0) var<storage, read> light_sums: array<vec4f>;
@group(2) @binding(1) var<storage, read> row_samples: array<u32>;
@group(2) @binding(2) var<storage, read_write> bytes: array<u32>;

@compute @workgroup_size(64)
fn resolve(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let column = group.x * 64u + lane;
    if (column >= frame.picture.x) { return; }
    let index = group.y * frame.picture.x + column;
    // What was not traced is dark: an earlier picture may have left its light there.
    let samples = row_samples[group.y / WORKGROUP_SIDE];
    let workgroup = column / WORKGROUP_SIDE;
    let is_traced = samples > 0u && workgroup >= frame.first_workgroup && workgroup < frame.end_workgroup;
    let mean = select(vec4f(0.0), light_sums[index] / f32(max(samples, 1u)), is_traced);
    // Over the background; with a transparent one the colour alone, since alpha is straight.
    let alpha = mean.a + frame.background.a * (1.0 - mean.a);
    let color = (mean.rgb + frame.background.rgb * (frame.background.a * (1.0 - mean.a))) / max(alpha, 1e-6);
    let shown = select(color, srgb_from_linear(color), LINEAR_LIGHT);
    bytes[index] = packed_bytes(vec4f(shown, alpha));
}
