// Slopes of the surface from its samples, and the normal that belongs to them.

// Slopes in metres a cell at a place of a cell: Horn's 3×3 gradient at its corners, interpolated over it, so that
// shading is smooth across cells and exact at the samples. Void and outer samples continue the inner ones in a straight
// line.
fn horn_slope(leaf: Leaf, cell: vec2i, uv: vec2f) -> vec2f {
    var block: array<array<f32, 4>, 4>;
    for (var j = 0; j < 4; j++) {
        for (var i = 0; i < 4; i++) {
            block[j][i] = height_in(leaf, cell, vec2i(i - 1, j - 1));
        }
    }
    for (var j = 1; j < 3; j++) {
        if (block[j][0] < VOID_LIMIT) { block[j][0] = 2.0 * block[j][1] - block[j][2]; }
        if (block[j][3] < VOID_LIMIT) { block[j][3] = 2.0 * block[j][2] - block[j][1]; }
    }
    for (var i = 0; i < 4; i++) {
        if (block[0][i] < VOID_LIMIT) { block[0][i] = 2.0 * block[1][i] - block[2][i]; }
        if (block[3][i] < VOID_LIMIT) { block[3][i] = 2.0 * block[2][i] - block[1][i]; }
    }
    let difference_x = vec4f(uv.x - 1.0, -uv.x, 1.0 - uv.x, uv.x);
    let difference_y = vec4f(uv.y - 1.0, -uv.y, 1.0 - uv.y, uv.y);
    let weight_x = vec4f(1.0 - uv.x, 2.0 - uv.x, 1.0 + uv.x, uv.x);
    let weight_y = vec4f(1.0 - uv.y, 2.0 - uv.y, 1.0 + uv.y, uv.y);
    var slope = vec2f(0.0);
    for (var j = 0; j < 4; j++) {
        let row = vec4f(block[j][0], block[j][1], block[j][2], block[j][3]);
        slope += vec2f(weight_y[j] * dot(difference_x, row), difference_y[j] * dot(weight_x, row));
    }
    return slope / (8.0 * cells_a_side(leaf));
}

// Slopes per metre of the exaggerated surface in world, from slopes in metres a cell: the inverse transposed matrix.
fn slope_in_world(slope: vec2f) -> vec2f {
    let m = frame.cells_from_world;
    return vec2f(m.x * slope.x + m.y * slope.y, m.z * slope.x + m.w * slope.y) * lanes.exaggeration;
}

// Unit normal of a surface with these slopes (dz/dx, dz/dy).
fn normal_of(slope: vec2f) -> vec3f {
    return vec3f(-slope, 1.0) * inverseSqrt(1.0 + dot(slope, slope));
}
