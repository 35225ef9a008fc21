//! Accumulated light → sRGB RGBA8, slab by slab.

use crate::error::Result;
use crate::gpu::context::GpuContext;
use crate::render::programs::{self, Group};
use crate::render::target::Slab;
use crate::scene::shading::Output;

/// The pipeline that resolves. It shares the frame's bind group with the trace; group 1 stays empty.
pub struct ResolvePass {
    empty: wgpu::BindGroup,
    pipeline: wgpu::ComputePipeline,
}

impl ResolvePass {
    /// Makes or finds the pipeline for what a model of shading returns.
    pub fn new(gpu: &GpuContext, output: Output) -> Result<Self> {
        Ok(Self { empty: Group::Empty.bind(gpu, vec![]), pipeline: programs::resolve(output).pipeline(gpu)? })
    }

    /// Light to bytes, for all of `slab`.
    pub fn record(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        frame: &wgpu::BindGroup,
        slab: &Slab,
        width: u32,
        times: Option<wgpu::ComputePassTimestampWrites<'_>>,
    ) {
        let groups: [(&wgpu::BindGroup, &[u32]); 3] =
            [(frame, &[0, 0]), (&self.empty, &[]), (&slab.resolve_group, &[])];
        let counts = [width.div_ceil(64), slab.pixel_rows];
        programs::record_timed(encoder, "forge3d.resolve", &self.pipeline, &groups, counts, times);
    }
}
