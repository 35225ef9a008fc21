// What the file of a surface style sees beside its own text: the place of the ground that it colours, the numbers that its
// @param lines name (params, made from them), and rgb. Nothing else of the program: no buffer, no texture, no name of ours.

struct Surface {
    // Metres above the zero of the DEM, without exaggeration.
    height: f32,
    // Degrees from level, 0..90, without exaggeration.
    steepness: f32,
    // Compass bearing of the way down, degrees 0..360: 0 north, 90 east. 0 on level ground.
    aspect: f32,
    // Unit normal of the ground as it is drawn: east, north, up.
    normal: vec3f,
    // Metres of rise a metre, to the east and to the north, as it is drawn.
    slope: vec2f,
    // Metres from the middle of the DEM: east, north, up. Up as it is drawn.
    world: vec3f,
    // Column and row of the DEM.
    place: vec2f,
    // The lowest and the highest of the DEM, metres.
    lowest: f32,
    highest: f32,
    // Metres of ground that one pixel of the picture spans here, across the line of sight.
    pixel: f32,
    // Side of a cell of the DEM, metres.
    cell: f32,
}

// The colour 0xRRGGBB, as maps and web pages write it: rgb(0xf4f1eau).
fn rgb(code: u32) -> vec3f {
    return vec3f(vec3u(code >> 16u, code >> 8u, code) & vec3u(255u)) / 255.0;
}
