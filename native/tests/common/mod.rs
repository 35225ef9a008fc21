//! Small worlds for the tests of the crate.
#![allow(dead_code, missing_docs, reason = "each test binary uses its own part")]

pub mod cpu_reference;

use cpu_reference::Ground;
use std::borrow::Cow;

use forge3d_native::error::Result;
use forge3d_native::gpu::adapter::AdapterChoice;
use forge3d_native::render::Renderer;
use forge3d_native::render::stored::Stored;
use forge3d_native::scene::Scene;
use forge3d_native::scene::camera::Camera;
use forge3d_native::scene::grid::Grid;
use forge3d_native::scene::light::Sun;
use forge3d_native::scene::projection::Projection;
use forge3d_native::scene::shading::SHADING_MODELS;
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
        sky_intensity: 1.0,
        cast_shadows: true,
        shading: &SHADING_MODELS[0],
        exaggeration: 1.0,
        exposure: 1.0,
        style: Style {
            ramp: ColorRamp::new(vec![(0.0, [200; 4]), (1.0, [220; 4])], true, false).expect("stops ascend"),
            wall: [128, 120, 110, 255],
            background: [255; 4],
        },
        surface: None,
    }
}

/// A renderer that shows `ground` with one metre a cell, row 0 in the north.
pub fn renderer(size: [u32; 2], ground: &Ground) -> Renderer {
    let mut renderer = Renderer::new(size, &AdapterChoice::Auto, None)
        .expect("an adapter: mesa-vulkan-drivers is installed by the set-up");
    load(&mut renderer, ground);
    renderer.set_scene(scene());
    renderer
}

pub fn load(renderer: &mut Renderer, ground: &Ground) {
    try_load(renderer, ground).expect("heights that fit");
}

pub fn try_load(renderer: &mut Renderer, ground: &Ground) -> Result<()> {
    try_load_as(renderer, ground, Stored::FLOATS)
}

pub fn try_load_as(renderer: &mut Renderer, ground: &Ground, stored: Stored) -> Result<()> {
    let grid = Grid::new(ground.cols as u32, ground.rows as u32, [1.0, 0.0, 0.0, -1.0])?;
    renderer.set_heights(grid, stored, &mut |rows| {
        Ok(Cow::Borrowed(&ground.heights[rows.start as usize * ground.cols..rows.end as usize * ground.cols]))
    })
}
