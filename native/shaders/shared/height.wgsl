// How heights are held: the only shader that knows. Bind group 1. A leaf is a square of samples of one resolution, a
// block a square of nodes of the maximum pyramid; today there is one of each, over the whole raster, and level 0 of the
// pyramid are the cells of the leaf.
//
// HEIGHT_BITS, from the program's prelude, says how a height is held. 32: a float. 16: a code, the height being the base
// and as many metres, and code 0 void; two codes of a row share a word, in the texture as in the pyramid. (Texels of 16
// bits would do the same; software adapters read those of 32 faster.)

@group(1) @binding(0) var heights: texture_2d<HeightTexel>;
@group(1) @binding(1) var<storage, read> pyramid: array<u32>;
// x: offset of a level in the pyramid, y: words of a row of it. Level 1 is the finest: 2×2 cells. Level 0 has no nodes:
// its x is the base of the codes less 2^23, a float.
@group(1) @binding(2) var<uniform> levels: array<vec4u, 20>;
@group(1) @binding(3) var drape: texture_2d<f32>;

struct Leaf {
    slot: u32,
    // A cell of the leaf is 2^lod cells of the raster wide.
    lod: i32,
}

struct Block {
    base: u32,
    root: i32,
    bottom: i32,
}

struct Found {
    block: Block,
    leaf: Leaf,
    level: i32,
    node: vec2i,
}

fn height_of_code(code: u32) -> f32 {
    // The bits of 2^23 + code, which is quicker than a conversion; 2^23 is taken out of the base.
    return select(bitcast<f32>(code | 0x4b000000u) + bitcast<f32>(levels[0].x), VOID_HEIGHT, code == 0u);
}

// A sample, which must be inside.
fn height_at(at: vec2i) -> f32 {
    if (HEIGHT_BITS == 32u) { return f32(textureLoad(heights, at, 0).r); }
    let word = u32(textureLoad(heights, vec2i(at.x >> 1u, at.y), 0).r);
    return height_of_code((word >> (u32(at.x & 1) * 16u)) & 0xffffu);
}

// The block and leaf that hold a node. Between loops of the march only: it may answer with another level and node.
fn find_block(level: i32, node: vec2i) -> Found {
    return Found(Block(0u, frame.top_level, 1), Leaf(0u, 0), level, node);
}

// The highest ground of a node, VOID_HEIGHT where no cell of it is whole.
fn top_of(block: Block, level: i32, node: vec2i) -> f32 {
    let at = levels[level];
    let row = block.base + at.x + u32(node.y) * at.y;
    let column = u32(node.x);
    if (HEIGHT_BITS == 32u) { return bitcast<f32>(pyramid[row + column]); }
    return height_of_code((pyramid[row + (column >> 1u)] >> ((column & 1u) * 16u)) & 0xffffu);
}

// The four corners of a cell: (0, 0), (1, 0), (0, 1), (1, 1).
fn patch_of(leaf: Leaf, cell: vec2i) -> vec4f {
    let next = min(cell + 1, frame.cells);
    return vec4f(
        height_at(cell),
        height_at(vec2i(next.x, cell.y)),
        height_at(vec2i(cell.x, next.y)),
        height_at(next),
    );
}

// A sample near the first corner of a cell, void outside the raster. Offsets from -1 to 2: what gradients reach for.
fn height_in(leaf: Leaf, cell: vec2i, offset: vec2i) -> f32 {
    let at = cell + offset;
    let inside = all(at >= vec2i(0)) && all(at <= frame.cells);
    return select(VOID_HEIGHT, height_at(clamp(at, vec2i(0), frame.cells)), inside);
}

// Cells of the raster along a side of a cell of the leaf.
fn cells_a_side(leaf: Leaf) -> f32 {
    return f32(1u << u32(leaf.lod));
}
