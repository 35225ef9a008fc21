// How heights are held: the only shader that knows. Bind group 1. A leaf is a square of samples of one resolution, a
// block a square of nodes of the maximum pyramid; today there is one of each, over the whole raster, and level 0 of the
// pyramid are the cells of the leaf.

@group(1) @binding(0) var heights: texture_2d<f32>;
@group(1) @binding(1) var<storage, read> pyramid: array<f32>;
// x: offset of a level in the pyramid, y: its width. Level 1 is the finest: 2×2 cells.
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

// The block and leaf that hold a node. Between loops of the march only: it may answer with another level and node.
fn find_block(level: i32, node: vec2i) -> Found {
    return Found(Block(0u, frame.top_level, 1), Leaf(0u, 0), level, node);
}

// The highest ground of a node, VOID_HEIGHT where no cell of it is whole.
fn top_of(block: Block, level: i32, node: vec2i) -> f32 {
    let at = levels[level];
    return pyramid[block.base + at.x + u32(node.y) * at.y + u32(node.x)];
}

// The four corners of a cell: (0, 0), (1, 0), (0, 1), (1, 1).
fn patch_of(leaf: Leaf, cell: vec2i) -> vec4f {
    let next = min(cell + 1, frame.cells);
    return vec4f(
        textureLoad(heights, cell, 0).r,
        textureLoad(heights, vec2i(next.x, cell.y), 0).r,
        textureLoad(heights, vec2i(cell.x, next.y), 0).r,
        textureLoad(heights, next, 0).r,
    );
}

// A sample near the first corner of a cell, void outside the raster. Offsets from -1 to 2: what gradients reach for.
fn height_in(leaf: Leaf, cell: vec2i, offset: vec2i) -> f32 {
    let at = cell + offset;
    let inside = all(at >= vec2i(0)) && all(at <= frame.cells);
    return select(VOID_HEIGHT, textureLoad(heights, clamp(at, vec2i(0), frame.cells), 0).r, inside);
}

// Cells of the raster along a side of a cell of the leaf.
fn cells_a_side(leaf: Leaf) -> f32 {
    return f32(1u << u32(leaf.lod));
}
