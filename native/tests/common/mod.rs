//! Small worlds for the tests of the crate.
#![allow(dead_code, missing_docs, reason = "each test binary uses its own part")]

pub mod cpu_reference;

use cpu_reference::Ground;
use forge3d_native::gpu::context::AdapterChoice;
use forge3d_native::render::Renderer;
use forge3d_native::scene::Scene;
use forge3d_native::scene::camera::{Camera, Projection};
use forge3d_native::scene::dem::Dem;
use forge3d_native::scene::light::{Shading, Sun};
use forge3d_native::scene::style::{ColorRamp, Style};

pub fn scene() -> Scene {
    Scene {
        camera: Camera {
            heading: 0.0,
            pitch: 45.0,
            zoom: 1.0,
            field_of_view: 35.0,
            projection: Projection::Perspective,
            resolution: None,
            target: None,
            distance: None,
        },
        sun: Sun::new(315.0, 45.0, 0.5, 1.0).expect("values are inside"),
        sky_view: 1.0,
        cast_shadows: true,
        shading: Shading::Relief,
        exaggeration: 1.0,
        exposure: 1.0,
        style: Style {
            ramp: ColorRamp::new(vec![(0.0, [200; 4]), (1.0, [220; 4])], true, false).expect("stops ascend"),
            wall: [128, 120, 110, 255],
            background: [255; 4],
        },
    }
}

/// A renderer that shows `ground` with one metre a cell, row 0 in the north.
pub fn renderer(size: [u32; 2], ground: &Ground) -> Renderer {
    let mut renderer =
        Renderer::new(size, &AdapterChoice::Auto).expect("an adapter: mesa-vulkan-drivers is installed by the set-up");
    load(&mut renderer, ground);
    renderer.set_scene(scene());
    renderer
}

pub fn load(renderer: &mut Renderer, ground: &Ground) {
    let dem = Dem::new(ground.cols as u32, ground.rows as u32, [1.0, 0.0, 0.0, -1.0]).expect("a plain grid");
    let mut builder = renderer.begin_heights(dem).expect("memory for the heights");
    builder.write_rows(renderer.gpu(), &ground.heights, &|| Ok(())).expect("an upload");
    renderer.finish_heights(builder).expect("valid heights");
}
