// The one way through the heights: a ray in cells (x columns, y rows, z metres without exaggeration) walks the maximum
// pyramid by whole nodes and meets the exact bilinear surface of a cell. Primary, sun and sky rays all come here.

const MISS: u32 = 0u;
const SURFACE: u32 = 1u;
// The ray was below the surface when it entered a cell: a side wall, or the inside of the ground beside a void.
const INSIDE: u32 = 2u;

struct Hit {
    kind: u32,
    t: f32,
    // In cells of the leaf.
    cell: vec2i,
    leaf: Leaf,
}

// 1 / direction with axis-parallel rays kept finite.
fn safe_inverse(d: vec2f) -> vec2f {
    let tiny = vec2f(1e-15);
    return 1.0 / select(d, select(-tiny, tiny, d >= vec2f(0.0)), abs(d) < tiny);
}

// Times at which a ray enters and leaves the block below `top`; enter > leave if it passes by.
fn block_interval(o: vec3f, d: vec3f, inverse: vec2f, bottom: f32, top: f32) -> vec2f {
    let low = -o.xy * inverse;
    let high = (vec2f(frame.cells) - o.xy) * inverse;
    let inverse_z = select(1.0 / d.z, 1e15, abs(d.z) < 1e-15);
    let z0 = (bottom - o.z) * inverse_z;
    let z1 = (top - o.z) * inverse_z;
    let near = min(low, high);
    let far = max(low, high);
    return vec2f(max(max(near.x, near.y), min(z0, z1)), min(min(far.x, far.y), max(z0, z1)));
}

// The first place between t_begin and t_end where the ray goes from above the surface to below. `t_end` is that of
// `block_interval` for this very origin: past the last node is past the end, so no index leaves the grid.
// `leaves_surface`: the ray begins on the surface, so rounding below it in its first cell is no hit.
fn march(o: vec3f, d: vec3f, inverse: vec2f, t_begin: f32, t_end: f32, first_level: i32, leaves_surface: bool) -> Hit {
    let forward = d.xy >= vec2f(0.0);
    let step = select(vec2i(-1), vec2i(1), forward);
    let side = select(vec2i(0), vec2i(1), forward);
    let descends = d.z < 0.0;
    var t = t_begin;
    var level = first_level;
    let start_cell = clamp(vec2i(floor(o.xy + d.xy * t)), vec2i(0), frame.cells - 1);
    var node = start_cell >> vec2u(u32(level));
    let found = find_block(level, node);
    let block = found.block;
    let leaf = found.leaf;
    var kind = MISS;
    // Each turn leaves a node for good or goes down a level, so this ends by itself; the counter is for the compiler.
    var turns = 16 * (frame.cells.x + frame.cells.y) + 1024;
    while (t < t_end && turns > 0) {
        // Down or across nodes until a cell may be hit.
        while (level > 0 && t < t_end) {
            turns -= 1;
            let edge = (vec2f((node + side) << vec2u(u32(level))) - o.xy) * inverse;
            let t_out = min(min(edge.x, edge.y), t_end);
            let lowest_z = o.z + d.z * select(t, t_out, descends);
            if (lowest_z > top_of(block, level, node)) {
                t = max(t, t_out);
                let old = node;
                if (edge.x < edge.y) { node.x += step.x; } else { node.y += step.y; }
                let changed = old ^ node;
                if (((changed.x | changed.y) & 2) != 0 && level < block.root) {
                    level += 1;
                    node = node >> vec2u(1u);
                }
            } else {
                level -= 1;
                // Rounding may put a ray that enters at the far side beyond the last cell, where the pyramid has no
                // node.
                let place = min(vec2i(floor(o.xy + d.xy * t)), frame.cells - 1) >> vec2u(u32(level));
                node = clamp(place, node * 2, node * 2 + 1);
            }
        }
        if (t >= t_end) { break; }
        turns -= 1;
        // One cell: z(τ) - h(τ) = C + B τ + A τ² along the ray, τ from where it enters.
        let edge = (vec2f(node + side) - o.xy) * inverse;
        let t_out = min(min(edge.x, edge.y), t_end);
        let corners = patch_of(leaf, node);
        let lowest = min(min(corners.x, corners.y), min(corners.z, corners.w));
        if (lowest > VOID_LIMIT) {
            let entry = o + d * t;
            let uv = clamp(entry.xy - vec2f(node), vec2f(0.0), vec2f(1.0));
            let h00 = corners.x;
            let b = corners.y - h00;
            let c = corners.z - h00;
            let e = corners.w - corners.y - c;
            var C = entry.z - (h00 + b * uv.x + c * uv.y + e * uv.x * uv.y);
            let B = d.z - (b * d.x + c * d.y + e * (uv.x * d.y + uv.y * d.x));
            let A = -e * d.x * d.y;
            let tolerance = 1e-3 * (abs(b) + abs(c) + abs(e)) + 2e-6 * abs(h00);
            if (leaves_surface && t == t_begin) { C = max(C, 1e-9); }
            if (C < -tolerance) {
                kind = INSIDE;
                break;
            }
            C = max(C, 0.0);
            // The root where the sum turns negative, in the form that does not cancel.
            let discriminant = B * B - 4.0 * A * C;
            if (discriminant >= 0.0) {
                let root = sqrt(discriminant);
                var tau = -1.0;
                if (B <= 0.0) {
                    tau = 2.0 * C / max(root - B, 1e-30);
                } else if (A < 0.0) {
                    tau = (-B - root) / (2.0 * A);
                }
                if (tau >= 0.0 && tau <= (t_out - t) * 1.00001 && (B < 0.0 || A < 0.0)) {
                    t = min(t + tau, t_end);
                    kind = SURFACE;
                    break;
                }
            }
        }
        t = max(t, t_out);
        let old = node;
        if (edge.x < edge.y) { node.x += step.x; } else { node.y += step.y; }
        let changed = old ^ node;
        if (((changed.x | changed.y) & 2) != 0) {
            level = 1;
            node = node >> vec2u(1u);
        }
    }
    return Hit(kind, t, node, leaf);
}

// Whether the side of the block that a ray entered at this place has a wall.
fn has_wall(place: vec2f) -> bool {
    let inside = vec4f(place, vec2f(frame.cells) - place);
    let nearest = min(min(inside.x, inside.y), min(inside.z, inside.w));
    let side = select(select(select(3u, 2u, inside.z == nearest), 1u, inside.y == nearest), 0u, inside.x == nearest);
    return ((frame.walls >> side) & 1u) != 0u;
}
