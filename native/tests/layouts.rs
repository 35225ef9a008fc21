//! The blocks of bytes that Rust writes are the structs that WGSL reads: offsets and sizes by naga's own layout.

use forge3d_native::render::trace::{Frame, Lanes, Sample};

fn struct_of(name: &str) -> (Vec<(String, u32)>, u32) {
    let source = include_str!("../shaders/shared/frame.wgsl");
    let module = naga::front::wgsl::parse_str(source).expect("frame.wgsl parses");
    module
        .types
        .iter()
        .find_map(|(_, ty)| match &ty.inner {
            naga::TypeInner::Struct { members, span } if ty.name.as_deref() == Some(name) => Some((
                members.iter().map(|member| (member.name.clone().unwrap_or_default(), member.offset)).collect(),
                *span,
            )),
            _ => None,
        })
        .expect("the struct is there")
}

macro_rules! assert_same_layout {
    ($name:ident, $($field:ident),+) => {
        let (members, span) = struct_of(stringify!($name));
        let ours = vec![$((stringify!($field).to_owned(), std::mem::offset_of!($name, $field) as u32)),+];
        assert_eq!(members, ours);
        assert_eq!(span as usize, std::mem::size_of::<$name>());
    };
}

#[test]
fn the_lanes_are_44_floats_with_the_layout_of_the_shader() {
    assert_same_layout!(
        Lanes,
        view_by_rows,
        proj_by_rows,
        sun_direction_in_world,
        exposure,
        spacing,
        height_range,
        exaggeration,
        zero,
        pad
    );
    assert_eq!(std::mem::size_of::<Lanes>(), 176);
}

#[test]
fn the_frame_has_the_layout_of_the_shader() {
    assert_same_layout!(
        Frame,
        eye_in_world,
        is_orthographic,
        ndc_scale,
        ndc_offset,
        window,
        picture,
        cells_from_world,
        centre_in_cells,
        cells,
        sun_disk_first,
        sun_intensity,
        sun_disk_second,
        sky_intensity,
        sun_color,
        cast_shadows,
        sky_color,
        highest,
        wall_color,
        base,
        background,
        ramp_last,
        shading,
        first_tile,
        top_level,
        primary_level,
        walls,
        zero
    );
}

#[test]
fn a_sample_has_the_layout_of_the_shader() {
    let (members, span) = struct_of("Sample");
    let offsets: Vec<u32> = members.iter().map(|(_, offset)| *offset).collect();
    assert_eq!(offsets, [0, 8, 16, 24, 28]);
    assert_eq!(span as usize, std::mem::size_of::<Sample>());
}

#[test]
fn every_shader_passes_the_validator() {
    let shared = |names: &[&str]| names.join("\n");
    let (frame, height, march, shading, color) = (
        include_str!("../shaders/shared/frame.wgsl"),
        include_str!("../shaders/shared/height.wgsl"),
        include_str!("../shaders/shared/march.wgsl"),
        include_str!("../shaders/shared/shading.wgsl"),
        include_str!("../shaders/shared/color.wgsl"),
    );
    let shaders = [
        shared(&[frame, height, shading, march, include_str!("../shaders/trace.wgsl")]),
        shared(&[frame, height, shading, march, include_str!("../shaders/cast.wgsl")]),
        shared(&[frame, color, include_str!("../shaders/resolve.wgsl")]),
        include_str!("../shaders/heightfield.wgsl").to_owned(),
    ];
    for source in shaders {
        let module = naga::front::wgsl::parse_str(&source).expect("the shader parses");
        naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty())
            .validate(&module)
            .expect("the shader is valid");
    }
}
