//! All programs that run on the GPU, in one table: what each is made of, its bind groups, how far it is trusted. Passes
//! make their pipelines from it, tests validate every row.

use std::borrow::Cow;

use crate::error::{RenderError, Result};
use crate::gpu::bindings::{self, storage, texture, uniform, whole_texture};
use crate::gpu::context::GpuContext;
use crate::gpu::shaders::{Program, Trust};
use crate::render::stored::{Bits, with_prelude};
use crate::render::surface_style::{self, StyleProgram};
use crate::scene::shading::{Output, SHADING_MODELS, ShadingModel};
use crate::scene::surface::SurfaceStyle;

const FRAME: &str = include_str!("../../shaders/shared/frame.wgsl");
const VOID: &str = include_str!("../../shaders/shared/void.wgsl");
const HEIGHT: &str = include_str!("../../shaders/shared/height.wgsl");
const MARCH: &str = include_str!("../../shaders/shared/march.wgsl");
const PROJECTION: &str = include_str!("../../shaders/shared/projection.wgsl");
const SAMPLING: &str = include_str!("../../shaders/shared/sampling.wgsl");
const GRADIENTS: &str = include_str!("../../shaders/shared/gradients.wgsl");
const SURFACE: &str = include_str!("../../shaders/shared/surface.wgsl");
const RAMP_GROUND: &str = include_str!("../../shaders/shared/ramp_ground.wgsl");
const STYLED_GROUND: &str = include_str!("../../shaders/shared/styled_ground.wgsl");
const COLOR: &str = include_str!("../../shaders/shared/color.wgsl");
const TRACE: &str = include_str!("../../shaders/trace.wgsl");
const CAST: &str = include_str!("../../shaders/cast.wgsl");
const RESOLVE: &str = include_str!("../../shaders/resolve.wgsl");
const PYRAMID: &str = include_str!("../../shaders/heightfield.wgsl");

/// The bind groups there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Lanes, frame, one sample, one row of workgroups.
    Frame,
    /// Heights, pyramid, its levels, drape.
    Terrain(Bits),
    /// Ramp in; sums of light and counts of samples out.
    Trace,
    /// Nothing: keeps the numbers of the groups after it.
    Empty,
    /// Sums and counts in, bytes out.
    Resolve,
    /// Rays in, hits out.
    Cast,
    /// Heights in, pyramid out, which level.
    Pyramid(Bits),
    /// The numbers of a surface style.
    Style,
}

impl Group {
    fn label(self) -> &'static str {
        match self {
            Self::Frame => "forge3d.frame",
            Self::Terrain(_) => "forge3d.terrain",
            Self::Trace => "forge3d.trace",
            Self::Empty => "forge3d.empty",
            Self::Resolve => "forge3d.resolve",
            Self::Cast => "forge3d.cast",
            Self::Pyramid(_) => "forge3d.pyramid",
            Self::Style => "forge3d.style",
        }
    }

    fn bindings(self) -> Vec<wgpu::BindingType> {
        match self {
            Self::Frame => vec![uniform(false), uniform(false), uniform(true), uniform(true)],
            Self::Terrain(bits) => vec![heights(bits), storage(true), uniform(false), texture()],
            Self::Trace => vec![storage(true), storage(false), storage(false)],
            Self::Empty => vec![],
            Self::Resolve => vec![storage(true), storage(true), storage(false)],
            Self::Cast => vec![storage(true), storage(false)],
            Self::Pyramid(bits) => vec![heights(bits), storage(false), uniform(false)],
            Self::Style => vec![uniform(false)],
        }
    }

    /// A bind group of this kind.
    pub(crate) fn bind(self, gpu: &GpuContext, resources: Vec<wgpu::BindingResource<'_>>) -> wgpu::BindGroup {
        let layout = bindings::layout(gpu, self.label(), &self.bindings());
        bindings::bind(gpu, self.label(), &layout, resources)
    }
}

fn heights(bits: Bits) -> wgpu::BindingType {
    match bits {
        Bits::Float32 => texture(),
        Bits::Whole16 => whole_texture(),
    }
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is made of.
    pub program: Program,
    /// Its bind groups, from 0.
    pub groups: Vec<Group>,
}

impl Row {
    fn new(parts: Vec<Cow<'static, str>>, entry: &'static str, groups: &[Group]) -> Self {
        Self { program: Program { parts, entry, trust: Trust::Ours }, groups: groups.to_vec() }
    }

    /// Its pipeline, made on the first call.
    pub(crate) fn pipeline(&self, gpu: &GpuContext) -> Result<wgpu::ComputePipeline> {
        let layouts: Vec<_> =
            self.groups.iter().map(|group| bindings::layout(gpu, group.label(), &group.bindings())).collect();
        gpu.shaders.pipeline(gpu, &self.program, &layouts.iter().collect::<Vec<_>>())
    }
}

fn parts(texts: &[&'static str]) -> Vec<Cow<'static, str>> {
    texts.iter().map(|text| Cow::Borrowed(*text)).collect()
}

/// Traces one sample with a model of shading, of heights that are held as `bits`; with a surface style where the model has
/// colours for it.
#[must_use]
pub fn trace(model: &ShadingModel, bits: Bits, style: Option<&StyleProgram>) -> Row {
    let mut parts = parts(&[FRAME, VOID, HEIGHT, MARCH, PROJECTION, SAMPLING, GRADIENTS, SURFACE, model.wgsl, TRACE]);
    parts.insert(0, Cow::Owned(model.wgsl_prelude()));
    let groups = [Group::Frame, Group::Terrain(bits), Group::Trace, Group::Style];
    let Some(style) = style else {
        parts.push(Cow::Borrowed(RAMP_GROUND));
        return Row::new(with_prelude(bits, parts), "trace", &groups[..3]);
    };
    parts.extend([Cow::Borrowed(COLOR), Cow::Borrowed(STYLED_GROUND), Cow::Owned(style.wgsl.clone())]);
    let mut row = Row::new(with_prelude(bits, parts), "trace", &groups);
    row.program.trust = Trust::Checked;
    row
}

/// Whether a style's text is one, alone and with the rest of the program: what is wrong only there is a defect of ours, and
/// told before anything is drawn.
pub fn check_style(style: &SurfaceStyle) -> Result<()> {
    let compiled = surface_style::compile(style)?;
    let Some(model) = SHADING_MODELS.iter().find(|model| model.uses_colors) else { return Ok(()) };
    let joined = trace(model, Bits::Float32, Some(&compiled)).program;
    joined.check().map_err(|error| RenderError::Internal(format!("{}: {error}", style.name)))
}

/// Casts single rays.
#[must_use]
pub fn cast(bits: Bits) -> Row {
    let parts = with_prelude(bits, parts(&[FRAME, VOID, HEIGHT, MARCH, CAST]));
    Row::new(parts, "cast_ray", &[Group::Frame, Group::Terrain(bits), Group::Cast])
}

/// Sums of light to bytes.
#[must_use]
pub fn resolve(output: Output) -> Row {
    let mut parts = parts(&[FRAME, COLOR, RESOLVE]);
    parts.insert(0, Cow::Owned(format!("const LINEAR_LIGHT = {};\n", output == Output::Linear)));
    Row::new(parts, "resolve", &[Group::Frame, Group::Empty, Group::Resolve])
}

/// The finest level of the pyramid.
#[must_use]
pub fn pyramid_from_heights(bits: Bits) -> Row {
    Row::new(with_prelude(bits, parts(&[VOID, PYRAMID])), "from_heights", &[Group::Pyramid(bits)])
}

/// A level of the pyramid from the finer one.
#[must_use]
pub fn pyramid_from_finer(bits: Bits) -> Row {
    Row::new(with_prelude(bits, parts(&[VOID, PYRAMID])), "from_finer", &[Group::Pyramid(bits)])
}

/// Every program there is.
#[must_use]
pub fn all() -> Vec<Row> {
    let mut rows: Vec<Row> = [Output::Linear, Output::Display].map(resolve).into();
    for bits in [Bits::Float32, Bits::Whole16] {
        rows.extend(SHADING_MODELS.iter().map(|model| trace(model, bits, None)));
        rows.extend([cast(bits), pyramid_from_heights(bits), pyramid_from_finer(bits)]);
    }
    rows
}

/// One dispatch in a pass of its own.
pub(crate) fn record(
    encoder: &mut wgpu::CommandEncoder,
    label: &'static str,
    pipeline: &wgpu::ComputePipeline,
    groups: &[(&wgpu::BindGroup, &[u32])],
    counts: [u32; 2],
) {
    record_timed(encoder, label, pipeline, groups, counts, None);
}

/// The same, and when it began and ended.
pub(crate) fn record_timed(
    encoder: &mut wgpu::CommandEncoder,
    label: &'static str,
    pipeline: &wgpu::ComputePipeline,
    groups: &[(&wgpu::BindGroup, &[u32])],
    [x, y]: [u32; 2],
    timestamp_writes: Option<wgpu::ComputePassTimestampWrites<'_>>,
) {
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some(label), timestamp_writes });
    pass.set_pipeline(pipeline);
    for (index, (group, offsets)) in (0..).zip(groups) {
        pass.set_bind_group(index, *group, offsets);
    }
    pass.dispatch_workgroups(x, y, 1);
}
