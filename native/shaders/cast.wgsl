// Single rays in world for picking and for judging the march: the same function that draws.

struct Ray {
    origin: vec4f,
    direction: vec4f,
}

@group(2) @binding(0) var<storage, read> rays: array<Ray>;
// Distance in units of the direction's length (-1 for none), column, row, kind.
@group(2) @binding(1) var<storage, read_write> hits: array<vec4f>;

@compute @workgroup_size(64)
fn cast_ray(@builtin(global_invocation_id) id: vec3u) {
    if (id.x >= arrayLength(&rays)) { return; }
    let ray = rays[id.x];
    var o = vec3f(cells_from_world(ray.origin.xy) + frame.centre_in_cells, ray.origin.z / lanes.exaggeration);
    let d = vec3f(cells_from_world(ray.direction.xy), ray.direction.z / lanes.exaggeration);
    let inverse = safe_inverse(d.xy);
    let interval = block_interval(o, d, inverse, frame.base, frame.highest);
    let t_enter = max(interval.x, 0.0);
    o += d * t_enter;
    let t_end = select(-1.0, block_interval(o, d, inverse, frame.base, frame.highest).y, t_enter <= interval.y);
    let hit = march(o, d, inverse, 0.0, t_end, frame.primary_level, false);
    let is_wall = hit.kind == INSIDE && hit.t == 0.0 && t_enter > 0.0 && has_wall(o.xy);
    let place = o + d * hit.t;
    let kind = select(select(0.0, 2.0, is_wall), 1.0, hit.kind == SURFACE);
    hits[id.x] = vec4f(select(-1.0, t_enter + hit.t, kind > 0.0), place.xy, kind);
}
