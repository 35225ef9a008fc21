//! Rays, shadows, sky, accumulation: which workgroups a picture needs, and the program that traces one sample of some
//! rows of them.

use glam::DVec2;

use crate::error::Result;
use crate::gpu::context::GpuContext;
use crate::gpu::memory::TrackedBuffer;
use crate::render::frame::{Crop, TABLE_STRIDE, WORKGROUP_SIDE};
use crate::render::programs::{self, Group};
use crate::render::stored::Bits;
use crate::render::surface_style::StyleProgram;
use crate::render::target::Slab;
use crate::scene::camera::View;
use crate::scene::facts::Terrain;
use crate::scene::shading::ShadingModel;

/// Workgroups to trace: first column and row, columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkgroupRect {
    /// First workgroup.
    pub first: [u32; 2],
    /// Workgroups across and down; zero where nothing can be seen.
    pub count: [u32; 2],
}

impl WorkgroupRect {
    /// Workgroups that the block of `terrain` can touch in a picture of `size` pixels.
    #[must_use]
    pub fn of(view: &View, terrain: &Terrain, exaggeration: f64, size: [u32; 2], crop: &Crop) -> Self {
        let workgroups = size.map(|side| side.div_ceil(WORKGROUP_SIDE));
        let whole = Self { first: [0, 0], count: workgroups };
        let mut low = DVec2::INFINITY;
        let mut high = DVec2::NEG_INFINITY;
        for corner in terrain.box_corners(exaggeration) {
            let Some(ndc) = view.projection.project(&view.frustum, corner) else { return whole };
            let full = DVec2::new(f64::from(crop.full[0]), f64::from(crop.full[1]));
            let place = (ndc * DVec2::new(0.5, -0.5) + 0.5) * full
                - DVec2::new(f64::from(crop.origin[0]), f64::from(crop.origin[1]));
            low = low.min(place);
            high = high.max(place);
        }
        // A pixel of slack: sample positions leave their pixel's centre.
        let range = |low: f64, high: f64, workgroups: u32| {
            let first = ((low - 1.0) / f64::from(WORKGROUP_SIDE)).floor().clamp(0.0, f64::from(workgroups)) as u32;
            let end = ((high + 1.0) / f64::from(WORKGROUP_SIDE)).ceil().clamp(0.0, f64::from(workgroups)) as u32;
            (first, end.saturating_sub(first))
        };
        let (x, width) = range(low.x, high.x, workgroups[0]);
        let (y, height) = range(low.y, high.y, workgroups[1]);
        if width == 0 || height == 0 {
            Self { first: [0, 0], count: [0, 0] }
        } else {
            Self { first: [x, y], count: [width, height] }
        }
    }
}

/// The pipeline of a model of shading, with the numbers of its surface style if it has one.
pub struct TracePass {
    pipeline: wgpu::ComputePipeline,
    styling: Option<wgpu::BindGroup>,
}

/// What one dispatch traces.
pub struct Rows {
    /// Which sample.
    pub sample: u32,
    /// First row of workgroups, in the picture.
    pub first: u32,
    /// Columns and rows of workgroups; all rows lie in one slab.
    pub count: [u32; 2],
}

impl TracePass {
    /// Makes or finds the pipeline. `styling`: the buffer of a style's numbers.
    pub fn new(
        gpu: &GpuContext,
        model: &ShadingModel,
        bits: Bits,
        style: Option<&StyleProgram>,
        styling: &TrackedBuffer,
    ) -> Result<Self> {
        let styling = style.map(|_| Group::Style.bind(gpu, vec![styling.as_entire_binding()]));
        Ok(Self { pipeline: programs::trace(model, bits, style).pipeline(gpu)?, styling })
    }

    /// Traces a sample of some rows of workgroups of `slab`.
    pub fn record(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        frame: &wgpu::BindGroup,
        terrain: &wgpu::BindGroup,
        slab: &Slab,
        rows: &Rows,
        times: Option<wgpu::ComputePassTimestampWrites<'_>>,
    ) {
        let offsets = [rows.sample * TABLE_STRIDE as u32, rows.first * TABLE_STRIDE as u32];
        let mut groups: Vec<(&wgpu::BindGroup, &[u32])> =
            vec![(frame, &offsets), (terrain, &[]), (&slab.trace_group, &[])];
        groups.extend(self.styling.iter().map(|styling| (styling, &[] as &[u32])));
        programs::record_timed(encoder, "forge3d.trace", &self.pipeline, &groups, rows.count, times);
    }
}
