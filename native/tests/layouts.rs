//! The blocks of bytes that Rust writes are the structs that WGSL reads: offsets and sizes by naga's own layout. And every
//! program of the table is valid.

use forge3d_native::gpu::shaders::Trust;
use forge3d_native::render::cast::Ray;
use forge3d_native::render::frame::{Frame, Lanes, Sample, Styling, WORKGROUP_SIDE, WorkgroupRow};
use forge3d_native::render::heightfield::{LevelUniform, MAX_LEVELS};
use forge3d_native::render::programs;
use forge3d_native::render::stored::Bits;
use forge3d_native::render::surface_style;
use forge3d_native::scene::facts::{VOID_HEIGHT, VOID_LIMIT};
use forge3d_native::scene::shading::SHADING_MODELS;
use forge3d_native::scene::surface::SurfaceStyle;

const FRAME: &str = include_str!("../shaders/shared/frame.wgsl");
const VOID: &str = include_str!("../shaders/shared/void.wgsl");

/// The members of a struct with their offsets, and its size without what only fills it up to its alignment.
fn struct_of(source: &str, name: &str) -> (Vec<(String, u32)>, u32) {
    let module = naga::front::wgsl::parse_str(source).expect("the source parses");
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
    ($source:expr, $shader_name:literal, $name:ident, $($field:ident),+) => {
        let (members, span) = struct_of($source, $shader_name);
        let ours = vec![$((stringify!($field).to_owned(), std::mem::offset_of!($name, $field) as u32)),+];
        assert_eq!(members, ours);
        assert_eq!(span as usize, std::mem::size_of::<$name>());
    };
}

#[test]
fn the_lanes_are_44_floats_with_the_layout_of_the_shader() {
    assert_same_layout!(
        FRAME,
        "Lanes",
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
        FRAME,
        "Frame",
        Frame,
        ray_origin,
        sun_intensity,
        ray_origin_right,
        sky_intensity,
        ray_origin_up,
        highest,
        ray_direction,
        base,
        ray_direction_right,
        cast_shadows,
        ray_direction_up,
        ramp_last,
        ndc_scale,
        ndc_offset,
        crop,
        picture,
        cells_from_world,
        world_from_cells,
        centre_in_cells,
        cells,
        sun_disk_first,
        first_workgroup,
        sun_disk_second,
        walls,
        sun_color,
        top_level,
        sky_color,
        primary_level,
        wall_color,
        end_workgroup,
        background
    );
}

#[test]
fn samples_rows_of_workgroups_levels_and_rays_have_the_layouts_of_their_shaders() {
    assert_same_layout!(FRAME, "Sample", Sample, pixel, sun, sky, index, zero);
    assert_same_layout!(FRAME, "WorkgroupRow", WorkgroupRow, row, slab_first_row);
    let pyramid = programs::pyramid_from_heights(Bits::Float32).program.source();
    assert_same_layout!(
        &pyramid,
        "Level",
        LevelUniform,
        size,
        offset,
        finer_width,
        finer_height,
        finer_offset,
        first_row,
        zero
    );
    let cast = programs::cast(Bits::Whole16).program.source();
    assert_same_layout!(&cast, "Ray", Ray, origin, direction);
}

fn styled_trace(bits: Bits) -> programs::Row {
    let source = "fn surface(s: Surface) -> vec4f { loop { if (s.height > params.level) { return vec4f(1.0); } } }";
    let parameters = vec![("level".to_owned(), 3.0)];
    let style = SurfaceStyle::new("style.wgsl".into(), source, parameters, 0.0).expect("a style");
    let program = surface_style::compile(&style).expect("it compiles");
    programs::trace(&SHADING_MODELS[0], bits, Some(&program))
}

#[test]
fn the_numbers_of_a_style_have_the_layout_of_their_shader() {
    let source = styled_trace(Bits::Float32).program.source();
    assert_same_layout!(&source, "Styling", Styling, parameters, height_offset, lowest, highest, work);
}

#[test]
fn a_program_with_a_users_text_is_checked_and_the_one_without_is_not() {
    assert_eq!(styled_trace(Bits::Float32).program.trust, Trust::Checked);
    assert_eq!(programs::trace(&SHADING_MODELS[0], Bits::Float32, None).program.trust, Trust::Ours);
}

#[test]
fn numbers_that_both_sides_know_are_the_same() {
    let constant = |source: &str, name: &str| {
        let module = naga::front::wgsl::parse_str(source).expect("the source parses");
        let (_, found) = module
            .constants
            .iter()
            .find(|(_, constant)| constant.name.as_deref() == Some(name))
            .expect("the constant is there");
        match module.global_expressions[found.init] {
            naga::Expression::Literal(naga::Literal::F32(value)) => f64::from(value),
            naga::Expression::Literal(naga::Literal::U32(value)) => f64::from(value),
            ref other => panic!("{name}: {other:?}"),
        }
    };
    assert_eq!(constant(VOID, "VOID_HEIGHT"), f64::from(VOID_HEIGHT));
    assert_eq!(constant(VOID, "VOID_LIMIT"), f64::from(VOID_LIMIT));
    assert_eq!(constant(FRAME, "WORKGROUP_SIDE"), f64::from(WORKGROUP_SIDE));
    let height = include_str!("../shaders/shared/height.wgsl");
    assert!(height.contains(&format!("levels: array<vec4u, {MAX_LEVELS}>")), "the level table of height.wgsl");
}

#[test]
fn every_program_passes_the_validator_and_has_its_entry() {
    let mut rows = programs::all();
    assert!(rows.len() >= 12);
    rows.extend([Bits::Float32, Bits::Whole16].map(styled_trace));
    for row in rows {
        let source = row.program.source();
        let module = naga::front::wgsl::parse_str(&source).expect("the shader parses");
        naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty())
            .validate(&module)
            .expect("the shader is valid");
        assert!(module.entry_points.iter().any(|entry| entry.name == row.program.entry), "{}", row.program.entry);
        let groups = module.global_variables.iter().filter_map(|(_, variable)| variable.binding.map(|at| at.group));
        assert!(groups.max().is_some_and(|last| (last as usize) < row.groups.len()), "{}", row.program.entry);
    }
}
