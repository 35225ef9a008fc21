// Step 2 of a picture: the maximum pyramid. A value bounds the closed cells below it, corners included; a cell with a
// void corner bounds nothing. Values are held as heights are (see height.wgsl): one 32-bit float a word, or two 16-bit
// codes, of which 0 is void and any other grows with the height.

struct Level {
    size: vec2u,
    offset: u32,
    // Of the level below; of the samples for the finest.
    finer_width: u32,
    finer_height: u32,
    finer_offset: u32,
    first_row: u32,
    zero: u32,
}

@group(0) @binding(0) var heights: texture_2d<HeightTexel>;
@group(0) @binding(1) var<storage, read_write> pyramid: array<u32>;
@group(0) @binding(2) var<uniform> level: Level;

// Words of a row of nodes.
fn words(nodes: u32) -> u32 {
    return select((nodes + 1u) / 2u, nodes, HEIGHT_BITS == 32u);
}

fn word_at(row: u32, column: u32) -> u32 {
    return level.offset + row * words(level.size.x) + column;
}

// A sample as a number that grows with the height: the height itself, or its code.
fn value_at(at: vec2u) -> f32 {
    if (HEIGHT_BITS == 32u) { return f32(textureLoad(heights, at, 0).r); }
    let code = (u32(textureLoad(heights, vec2u(at.x >> 1u, at.y), 0).r) >> ((at.x & 1u) * 16u)) & 0xffffu;
    return select(f32(code), VOID_HEIGHT, code == 0u);
}

fn cell_top(h: array<f32, 9>, i: u32) -> f32 {
    let lowest = min(min(h[i], h[i + 1u]), min(h[i + 3u], h[i + 4u]));
    let highest = max(max(h[i], h[i + 1u]), max(h[i + 3u], h[i + 4u]));
    return select(VOID_HEIGHT, highest, lowest > VOID_LIMIT);
}

// The top of two by two cells.
fn top_of_cells(node: vec2u) -> f32 {
    var h: array<f32, 9>;
    let samples = vec2u(level.finer_width, level.finer_height);
    for (var j = 0u; j < 3u; j++) {
        for (var i = 0u; i < 3u; i++) {
            let at = node * 2u + vec2u(i, j);
            // Beyond the last sample there is no cell.
            h[j * 3u + i] = select(VOID_HEIGHT, value_at(min(at, samples - 1u)), all(at < samples));
        }
    }
    return max(max(cell_top(h, 0u), cell_top(h, 1u)), max(cell_top(h, 3u), cell_top(h, 4u)));
}

// Level 1: two by two cells a node.
@compute @workgroup_size(8, 8)
fn from_heights(@builtin(global_invocation_id) id: vec3u) {
    let word = vec2u(id.x, id.y + level.first_row);
    if (word.x >= words(level.size.x) || word.y >= level.size.y) { return; }
    if (HEIGHT_BITS == 32u) {
        pyramid[word_at(word.y, word.x)] = bitcast<u32>(top_of_cells(word));
        return;
    }
    let low = u32(max(top_of_cells(vec2u(word.x * 2u, word.y)), 0.0));
    // Beyond the last node of a row there is no cell either.
    let high = u32(max(top_of_cells(vec2u(word.x * 2u + 1u, word.y)), 0.0));
    pyramid[word_at(word.y, word.x)] = low | (high << 16u);
}

fn finer_word(row: u32, column: u32) -> u32 {
    return pyramid[level.finer_offset + row * words(level.finer_width) + column];
}

fn finer_float(row: u32, column: u32) -> f32 {
    return bitcast<f32>(finer_word(row, column));
}

fn finer_code(row: u32, column: u32) -> u32 {
    return (finer_word(row, column >> 1u) >> ((column & 1u) * 16u)) & 0xffffu;
}

fn code_of_four(column: u32, row: u32) -> u32 {
    let low = vec2u(column, row) * 2u;
    let high = min(low + 1u, vec2u(level.finer_width, level.finer_height) - 1u);
    return max(max(finer_code(low.y, low.x), finer_code(low.y, high.x)), max(finer_code(high.y, low.x), finer_code(high.y, high.x)));
}

// Level n from level n - 1.
@compute @workgroup_size(8, 8)
fn from_finer(@builtin(global_invocation_id) id: vec3u) {
    let word = vec2u(id.x, id.y + level.first_row);
    if (word.x >= words(level.size.x) || word.y >= level.size.y) { return; }
    if (HEIGHT_BITS == 32u) {
        let low = word * 2u;
        let high = min(low + 1u, vec2u(level.finer_width, level.finer_height) - 1u);
        let top = max(finer_float(low.y, low.x), finer_float(low.y, high.x));
        let bottom = max(finer_float(high.y, low.x), finer_float(high.y, high.x));
        pyramid[word_at(word.y, word.x)] = bitcast<u32>(max(top, bottom));
        return;
    }
    let second = word.x * 2u + 1u;
    var high_code = 0u;
    if (second < level.size.x) { high_code = code_of_four(second, word.y); }
    pyramid[word_at(word.y, word.x)] = code_of_four(word.x * 2u, word.y) | (high_code << 16u);
}
