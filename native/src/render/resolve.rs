//! Accumulated light → sRGB RGBA8, and the bytes back to the host.

use crate::gpu::context::GpuContext;

const SHADER: [&str; 3] = [
    include_str!("../../shaders/shared/frame.wgsl"),
    include_str!("../../shaders/shared/color.wgsl"),
    include_str!("../../shaders/resolve.wgsl"),
];

/// The pipeline that resolves. It shares the frame's bind group with the trace; group 1 stays empty.
pub struct ResolvePass {
    pub(crate) output_layout: wgpu::BindGroupLayout,
    pub(crate) empty: wgpu::BindGroup,
    pub(crate) pipeline: wgpu::ComputePipeline,
}

impl ResolvePass {
    /// Makes or finds the pipeline.
    pub fn new(gpu: &GpuContext, frame_layout: &wgpu::BindGroupLayout) -> Self {
        let storage = |read_only| wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Storage { read_only },
            has_dynamic_offset: false,
            min_binding_size: None,
        };
        let output_layout = super::layout(gpu, "forge3d.resolve", &[storage(true), storage(true), storage(false)]);
        let empty_layout = super::layout(gpu, "forge3d.empty", &[]);
        let empty = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("forge3d.empty"),
            layout: &empty_layout,
            entries: &[],
        });
        let pipeline = gpu.shaders.pipeline(gpu, &SHADER, "resolve", &[frame_layout, &empty_layout, &output_layout]);
        Self { output_layout, empty, pipeline }
    }
}
