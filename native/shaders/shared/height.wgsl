// Heights and their maximum pyramid. Bind group 1.

// Void samples are stored far below any terrain; anything under the limit is void.
const VOID_HEIGHT: f32 = -3e38;
const VOID_LIMIT: f32 = -1e38;

@group(1) @binding(0) var heights: texture_2d<f32>;
@group(1) @binding(1) var<storage, read> pyramid: array<f32>;
// x: offset of a level in the pyramid, y: its width. Level 1 is the finest: 2×2 cells.
@group(1) @binding(2) var<uniform> levels: array<vec4u, 20>;
@group(1) @binding(3) var drape: texture_2d<f32>;

fn height_at(sample: vec2i) -> f32 {
    return textureLoad(heights, sample, 0).r;
}
