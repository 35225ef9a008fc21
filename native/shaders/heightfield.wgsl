// Step 2 of a picture: the maximum pyramid. A value bounds the closed cells below it, corners included; a cell with a
// void corner bounds nothing.

struct Level {
    size: vec2u,
    offset: u32,
    finer_width: u32,
    finer_height: u32,
    finer_offset: u32,
    first_row: u32,
    zero: u32,
}

@group(0) @binding(0) var heights: texture_2d<f32>;
@group(0) @binding(1) var<storage, read_write> pyramid: array<f32>;
@group(0) @binding(2) var<uniform> level: Level;

fn cell_top(h: array<f32, 9>, i: u32) -> f32 {
    let lowest = min(min(h[i], h[i + 1u]), min(h[i + 3u], h[i + 4u]));
    let highest = max(max(h[i], h[i + 1u]), max(h[i + 3u], h[i + 4u]));
    return select(VOID_HEIGHT, highest, lowest > VOID_LIMIT);
}

// Level 1: two by two cells.
@compute @workgroup_size(8, 8)
fn from_heights(@builtin(global_invocation_id) id: vec3u) {
    let node = vec2u(id.x, id.y + level.first_row);
    if (any(node >= level.size)) { return; }
    var h: array<f32, 9>;
    let samples = textureDimensions(heights);
    for (var j = 0u; j < 3u; j++) {
        for (var i = 0u; i < 3u; i++) {
            let at = node * 2u + vec2u(i, j);
            // Beyond the last sample there is no cell.
            h[j * 3u + i] = select(VOID_HEIGHT, textureLoad(heights, min(at, samples - 1u), 0).r, all(at < samples));
        }
    }
    pyramid[level.offset + node.y * level.size.x + node.x] = max(max(cell_top(h, 0u), cell_top(h, 1u)), max(cell_top(h, 3u), cell_top(h, 4u)));
}

// Level n from level n - 1.
@compute @workgroup_size(8, 8)
fn from_finer(@builtin(global_invocation_id) id: vec3u) {
    let node = vec2u(id.x, id.y + level.first_row);
    if (any(node >= level.size)) { return; }
    let low = node * 2u;
    let high = min(low + 1u, vec2u(level.finer_width, level.finer_height) - 1u);
    let top = level.finer_offset + low.y * level.finer_width;
    let bottom = level.finer_offset + high.y * level.finer_width;
    pyramid[level.offset + node.y * level.size.x + node.x] =
        max(max(pyramid[top + low.x], pyramid[top + high.x]), max(pyramid[bottom + low.x], pyramid[bottom + high.x]));
}
