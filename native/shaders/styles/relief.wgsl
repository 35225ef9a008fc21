// Sun and sky on the scene's colours, in linear light.
fn shade(surface: Surface, light: Light) -> vec4f {
    let lit = dot(surface.normal, light.sun_sample);
    let sunlight = frame.sun_color * (frame.sun_intensity * max(lit, 0.0) * light.sun_visible);
    let skylight = frame.sky_color * (frame.sky_intensity * light.sky_visible);
    return vec4f(albedo_of(surface) * (sunlight + skylight) * lanes.exposure, 1.0);
}
