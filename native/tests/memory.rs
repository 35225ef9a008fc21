//! The ledger against what the driver's own allocator says and what was estimated, and back to nothing when owners go.

mod common;

use std::time::Duration;

use common::cpu_reference::Ground;
use forge3d_native::error::RenderError;
use forge3d_native::gpu::adapter::AdapterChoice;
use forge3d_native::gpu::memory::{self, Budget, Limits};
use forge3d_native::render::Renderer;
use forge3d_native::render::estimate::Estimate;
use forge3d_native::render::stored::Bits;
use forge3d_native::render::target::readback_bytes;

const SECONDS: Duration = Duration::from_secs(60);

fn hills(side: usize) -> Ground {
    Ground::new(side, side, |col, row| ((col as f32) * 0.05).sin() * 20.0 + ((row as f32) * 0.03).cos() * 30.0)
}

fn total() -> u64 {
    memory::metrics().total_bytes()
}

// One test: the ledger belongs to the process, and tests of one binary run side by side.
#[test]
fn the_ledger_is_true_from_the_first_frame_to_the_last_drop() {
    drop(Renderer::new([8, 8], &AdapterChoice::Auto, None).expect("an adapter"));
    assert_eq!(total(), 0, "{:?}", memory::metrics().top);

    let ground = hills(2048);
    let mut renderer = common::renderer([1024, 768], &ground);
    renderer.refine(SECONDS, 1).expect("a frame");
    drop(renderer.read_rgba().expect("a picture"));
    let gpu = renderer.gpu().clone();

    // Within 5 % of the allocator's own report.
    let ours = total() as f64;
    let theirs = gpu.allocator_bytes().expect("the Vulkan backend reports") as f64;
    assert!((ours - theirs).abs() <= 0.05 * theirs, "ledger {ours}, allocator {theirs}");

    // What was estimated: all of it but for staging, which is gone, and the drape's one pixel.
    let estimate = Estimate::new(Some([2048, 2048]), Bits::Float32, Some([1024, 768]), None).expect("plain sizes");
    let staging = estimate.items.iter().find(|(name, ..)| *name == "upload staging").expect("an item").1;
    assert_eq!(total(), estimate.total() - staging + 4);

    warm_frames_allocate_nothing(&mut renderer);
    refusals_name_everything_and_lose_nothing(&mut renderer);
    pictures_that_are_held_stay_true_and_counted(renderer, &ground);
    heights_that_are_shared_count_once(&ground);
    budgets_of_renderers_do_not_touch_each_other(&ground);

    let end = memory::metrics();
    assert_eq!((end.total_bytes(), end.buffer_count, end.texture_count), (0, 0, 0), "{:?}", end.top);

    a_lost_device_keeps_pictures_and_counts(&ground);
    assert_eq!(total(), 0, "{:?}", memory::metrics().top);
    a_device_lost_with_pictures_on_their_way_is_told_and_leaves_nothing(&ground);
    assert_eq!(total(), 0, "{:?}", memory::metrics().top);
}

fn warm_frames_allocate_nothing(renderer: &mut Renderer) {
    let gpu = renderer.gpu().clone();
    renderer.resize([64, 48]).expect("a size");
    renderer.refine(SECONDS, 1).expect("a frame");
    drop(renderer.read_rgba().expect("a picture"));
    let before = memory::metrics();
    let allocator_before = gpu.allocator_bytes().expect("a report");
    for heading in 0..200 {
        let mut scene = common::scene();
        scene.camera.heading = f64::from(heading);
        renderer.set_scene(scene);
        renderer.refine(SECONDS, 1).expect("a frame");
        renderer.read_rgba().expect("a picture");
    }
    let after = memory::metrics();
    assert_eq!(after.allocation_count, before.allocation_count, "a warm frame reserved memory");
    assert_eq!(after.total_bytes(), before.total_bytes());
    let growth = gpu.allocator_bytes().expect("a report").abs_diff(allocator_before);
    assert!(growth < 64 * 1024, "the allocator grew by {growth} bytes in 200 frames");
}

fn refusals_name_everything_and_lose_nothing(renderer: &mut Renderer) {
    let held = total();
    Budget::common().set_limits(Some(Limits { total: held, host_visible: held }));
    let huge = Ground::new(3000, 3000, |_, _| 0.0);
    let Err(RenderError::Budget(text)) = common::try_load(renderer, &huge) else {
        panic!("the budget let 3000×3000 pass")
    };
    for word in ["forge3d.heightfield.texture", "34.3 MiB", "limit of", "top consumers", "fix:"] {
        assert!(text.contains(word), "'{word}' is missing in: {text}");
    }
    renderer.read_rgba().expect("the old heights still draw");
    Budget::common().set_limits(None);

    // Staging does not grow with the DEM.
    let most = memory::metrics().peak_bytes;
    let estimate = Estimate::new(Some([2048, 2048]), Bits::Float32, Some([1024, 768]), None).expect("plain sizes");
    assert!(most <= estimate.total() + 4, "at most {} were estimated, {most} held", estimate.total());
}

fn pictures_that_are_held_stay_true_and_counted(mut renderer: Renderer, ground: &Ground) {
    let first = renderer.render(1).expect("a picture");
    let copy = first.to_vec();
    let mut scene = common::scene();
    scene.sun = forge3d_native::scene::light::Sun::new(90.0, 20.0, 1.0, 1.0).expect("values are inside");
    renderer.set_scene(scene);
    let second = renderer.render(1).expect("another picture");
    let third = renderer.render(1).expect("a third one, copied");
    assert_eq!(second.to_vec(), third.to_vec());
    assert_ne!(copy, second.to_vec());
    assert_eq!(first.to_vec(), copy, "the first picture changed under its owner");
    drop((second, third));
    let bytes = readback_bytes(renderer.size());
    drop(renderer);
    assert_eq!(total(), bytes, "what a picture lies in is counted until it is dropped");
    assert_eq!(first.to_vec(), copy, "the picture outlives its renderer");
    drop(first);
    assert_eq!(total(), 0);
    let _ = ground;
}

fn heights_that_are_shared_count_once(ground: &Ground) {
    let first = common::renderer([64, 48], ground);
    let alone = total();
    let mut second = Renderer::new([64, 48], &AdapterChoice::Auto, Some(64 << 20)).expect("a renderer");
    let bare = total() - alone;
    second.set_shared_heights(first.shared_heights().expect("heights")).expect("room for them");
    assert_eq!(total(), alone + bare, "the process holds them once");
    let heights = Estimate::new(Some([2048, 2048]), Bits::Float32, None, None).expect("plain sizes").items[1].1;
    assert!(second.budget().now().1 > heights, "they count in the budget of the second, too");
    second.set_scene(common::scene());
    drop(first);
    let picture = second.render(1).expect("they live on with the second");
    assert!(picture.chunks_exact(4).any(|pixel| pixel != [255; 4]));
    let mut small = Renderer::new([64, 48], &AdapterChoice::Auto, Some(8 << 20)).expect("a renderer");
    let refused = small.set_shared_heights(second.shared_heights().expect("heights"));
    assert!(matches!(refused, Err(RenderError::Budget(_))), "a budget that cannot take them refuses");
}

fn budgets_of_renderers_do_not_touch_each_other(ground: &Ground) {
    let mut small = Renderer::new([64, 48], &AdapterChoice::Auto, Some(4 << 20)).expect("a renderer");
    let mut large = Renderer::new([64, 48], &AdapterChoice::Auto, Some(200 << 20)).expect("a renderer");
    let common_before = Budget::common().now();
    assert!(matches!(common::try_load(&mut small, ground), Err(RenderError::Budget(_))));
    common::try_load(&mut large, ground).expect("room enough");
    assert_eq!(Budget::common().now(), common_before);
}

fn a_lost_device_keeps_pictures_and_counts(ground: &Ground) {
    let mut renderer = common::renderer([64, 48], ground);
    let picture = renderer.render(1).expect("a picture");
    let copy = picture.to_vec();
    renderer.gpu().lose();
    assert!(matches!(renderer.render(1), Err(RenderError::Device(_))));
    assert_eq!(picture.to_vec(), copy, "the picture is read after the device is lost");
    drop(renderer);
    assert_eq!(total(), readback_bytes([64, 48]));
    let mut again = common::renderer([64, 48], ground);
    assert_eq!(again.render(1).expect("a new device draws").to_vec(), copy);
    drop((picture, again));
}

fn a_device_lost_with_pictures_on_their_way_is_told_and_leaves_nothing(ground: &Ground) {
    let mut renderer = common::renderer([64, 48], ground);
    assert_eq!(renderer.reserve_pictures(4, true).expect("room"), 4);
    for _ in 0..4 {
        renderer.want_picture(common::scene(), 1).expect("a scene");
    }
    let (size, picture) = renderer.next_picture().expect("a picture").expect("four were wanted");
    assert_eq!((size, picture.is_mapped()), ([64, 48], true));
    let copy = picture.to_vec();
    renderer.gpu().lose();
    let Err(RenderError::Device(text)) = renderer.next_picture().map(|_| ()) else {
        panic!("a picture came from a lost device")
    };
    assert!(text.contains("lost") && text.contains("fix:"), "{text}");
    renderer.forget_pictures().expect("nothing is waited for");
    assert!(renderer.next_picture().expect("nothing is wanted").is_none());
    drop(renderer);
    assert_eq!(total(), readback_bytes([64, 48]), "the three on their way are gone, the one that is held is not");
    assert_eq!(picture.to_vec(), copy, "the picture is read after the device is lost");
    let mut again = common::renderer([64, 48], ground);
    assert_eq!(again.render(1).expect("a new device draws").to_vec(), copy);
}
