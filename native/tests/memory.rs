//! The ledger against what the driver's own allocator says, and back to its baseline when owners go.

mod common;

use std::time::Duration;

use common::cpu_reference::Ground;
use forge3d_native::error::RenderError;
use forge3d_native::gpu::context::AdapterChoice;
use forge3d_native::render::Renderer;
use forge3d_native::scene::dem::Dem;

fn hills(side: usize) -> Ground {
    Ground::new(side, side, |col, row| ((col as f32) * 0.05).sin() * 20.0 + ((row as f32) * 0.03).cos() * 30.0)
}

// One test: the ledger belongs to the process, and tests of one binary run side by side.
#[test]
fn the_ledger_is_true_from_the_first_frame_to_the_last_drop() {
    let baseline = {
        let renderer = Renderer::new([8, 8], &AdapterChoice::Auto).expect("an adapter");
        let gpu = renderer.gpu().clone();
        drop(renderer);
        gpu.ledger.metrics()
    };
    assert_eq!(baseline.total_bytes(), 0, "{:?}", baseline.top);

    let mut renderer = common::renderer([1024, 768], &hills(2048));
    renderer.refine(Duration::from_secs(60), 1).expect("a frame");
    renderer.read_rgba().expect("a picture");
    let gpu = renderer.gpu().clone();

    // Within 5 % of the allocator's own report.
    let ours = gpu.ledger.metrics().total_bytes() as f64;
    let theirs = gpu.allocator_bytes().expect("the Vulkan backend reports") as f64;
    assert!((ours - theirs).abs() <= 0.05 * theirs, "ledger {ours}, allocator {theirs}");

    // 200 warm frames allocate nothing, and the allocator agrees.
    let before = gpu.ledger.metrics();
    renderer.resize([64, 48]).expect("a size");
    renderer.resize([1024, 768]).expect("a size");
    renderer.resize([64, 48]).expect("a size");
    renderer.refine(Duration::from_secs(60), 1).expect("a frame");
    let small = gpu.ledger.metrics();
    let allocator_before = gpu.allocator_bytes().expect("a report");
    for azimuth in 0..200 {
        let mut scene = common::scene();
        scene.camera.heading = f64::from(azimuth);
        renderer.set_scene(scene);
        renderer.refine(Duration::from_secs(60), 1).expect("a frame");
        renderer.read_rgba().expect("a picture");
    }
    let after = gpu.ledger.metrics();
    assert_eq!(after.allocation_count, small.allocation_count, "a warm frame reserved memory");
    assert_eq!(after.total_bytes(), small.total_bytes());
    let growth = gpu.allocator_bytes().expect("a report").abs_diff(allocator_before);
    assert!(growth < 64 * 1024, "the allocator grew by {growth} bytes in 200 frames");
    assert!(after.peak_bytes >= before.total_bytes());

    // Refused with name, size, limit, top consumers and remedy; nothing lost.
    gpu.ledger.set_limits(Some(before.total_bytes()), None);
    let huge = Dem::new(9000, 9000, [1.0, 0.0, 0.0, -1.0]).expect("a plain grid");
    let Err(RenderError::Budget(text)) = renderer.begin_heights(huge) else { panic!("the budget let 9000×9000 pass") };
    for word in ["forge3d.heightfield.texture", "309.0 MiB", "limit of", "top consumers", "fix:"] {
        assert!(text.contains(word), "'{word}' is missing in: {text}");
    }
    renderer.read_rgba().expect("the old heights still draw");
    gpu.ledger.set_limits(None, None);

    // Staging does not grow with the DEM.
    let most = before.peak_bytes - before.total_bytes();
    assert!(most <= 17 << 20, "upload took {most} bytes beside what stays");

    drop(renderer);
    let end = gpu.ledger.metrics();
    assert_eq!((end.total_bytes(), end.buffer_count, end.texture_count), (0, 0, 0), "{:?}", end.top);
}
