// Rays that are linear in the picture: perspective, orthographic, and all that keep straight lines straight.

struct PrimaryRay {
    origin: vec3f,
    direction: vec3f,
}

// The ray through a place of the picture, -1..1 to the right and up; world, z exaggerated.
fn primary_ray(place: vec2f) -> PrimaryRay {
    return PrimaryRay(
        frame.ray_origin + frame.ray_origin_right * place.x + frame.ray_origin_up * place.y,
        normalize(frame.ray_direction + frame.ray_direction_right * place.x + frame.ray_direction_up * place.y),
    );
}
