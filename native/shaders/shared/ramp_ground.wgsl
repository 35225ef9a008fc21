// The ground's own colour without a surface style: that of its height.
fn ground_color(surface: Surface) -> vec3f {
    return ramp_color(surface.height);
}
