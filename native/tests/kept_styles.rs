//! How many programs of surface styles are kept. In a process of its own: nobody else fills or loses its device.

mod common;

use common::cpu_reference::Ground;
use forge3d_native::gpu::shader_cache;
use forge3d_native::scene::surface::SurfaceStyle;

#[test]
fn of_many_styles_the_last_few_stay_compiled_and_our_own_programs_all() {
    let ground = Ground::new(9, 9, |col, row| (col * row) as f32 * 0.1);
    let mut renderer = common::renderer([16, 16], &ground);
    let plain = common::scene();
    renderer.set_scene(plain.clone());
    renderer.render(1).expect("a picture");
    let own = renderer.gpu().pipelines();
    let mut styled = |number: usize| {
        let text = format!("fn surface(s: Surface) -> vec4f {{ return vec4f(0.{number:02}); }}");
        let style = SurfaceStyle::new("style.wgsl".into(), &text, vec![], 0.0).expect("a style");
        renderer.set_scene(forge3d_native::scene::Scene { surface: Some(style), ..plain.clone() });
        renderer.render(1).expect("a picture");
        renderer.gpu().pipelines()
    };
    let counts: Vec<usize> = (0..12).map(&mut styled).collect();
    let expected: Vec<usize> = (1..=12).map(|number: usize| own + number.min(shader_cache::KEPT_STYLED)).collect();
    assert_eq!(counts, expected);
    assert_eq!(styled(11), own + shader_cache::KEPT_STYLED, "the last one is there still");
}
