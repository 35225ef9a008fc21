//! Shaders and the device: what was checked outlives it, what was made on it is made anew.

mod common;

use common::cpu_reference::Ground;
use forge3d_native::gpu::shader_cache;

#[test]
fn checked_shaders_outlive_a_lost_device_and_its_pipelines_are_made_anew() {
    let ground = Ground::new(9, 9, |col, row| (col * row) as f32 * 0.1);
    let mut renderer = common::renderer([16, 16], &ground);
    let picture = renderer.render(1).expect("a picture").to_vec();
    let checked = shader_cache::size();
    assert!(checked >= 4, "pyramid, trace, resolve");
    renderer.gpu().lose();
    assert!(renderer.render(1).is_err());
    let mut anew = common::renderer([16, 16], &ground);
    assert_eq!(anew.render(1).expect("on another device").to_vec(), picture);
    assert_eq!(shader_cache::size(), checked, "nothing was parsed again");
    assert!(anew.metrics().compile_ms > 0.0);
}
