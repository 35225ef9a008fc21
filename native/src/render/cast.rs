//! Single rays through the very function that draws: for picking, and for judging the march.

use crate::error::{RenderError, Result};
use crate::gpu::context::GpuContext;
use crate::gpu::memory::Allocator;
use crate::gpu::transfer::{READBACK, read_mapped};
use crate::render::programs::{self, Group};
use crate::render::stored::Bits;

/// Rays of one dispatch: within every adapter's binding limit.
const RAYS_AT_ONCE: usize = 1 << 20;

/// A ray in world for [`crate::render::Renderer::cast_rays`].
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Ray {
    /// Start; w unused.
    pub origin: [f32; 4],
    /// Direction, any length; w unused.
    pub direction: [f32; 4],
}

/// Distance (-1 for none), column, row, kind (1 surface, 2 wall) of each ray.
pub(crate) fn cast(
    gpu: &GpuContext,
    memory: &Allocator,
    frame: &wgpu::BindGroup,
    terrain: &wgpu::BindGroup,
    bits: Bits,
    rays: &[Ray],
) -> Result<Vec<[f32; 4]>> {
    gpu.scoped(RenderError::Render, || {
        use wgpu::BufferUsages as Usage;
        let pipeline = programs::cast(bits).pipeline(gpu)?;
        let mut hits = Vec::with_capacity(rays.len());
        for chunk in rays.chunks(RAYS_AT_ONCE) {
            let size = chunk.len() as u64;
            let input = memory.buffer("forge3d.cast.rays", size * 32, Usage::STORAGE | Usage::COPY_DST)?;
            let output = memory.buffer("forge3d.cast.hits", size * 16, Usage::STORAGE | Usage::COPY_SRC)?;
            let readback = memory.buffer("forge3d.cast.readback", size * 16, READBACK)?;
            gpu.queue.write_buffer(&input, 0, bytemuck::cast_slice(chunk));
            let group = Group::Cast.bind(gpu, vec![input.as_entire_binding(), output.as_entire_binding()]);
            let mut encoder = gpu.encoder("forge3d.cast");
            let groups: [(&wgpu::BindGroup, &[u32]); 3] = [(frame, &[0, 0]), (terrain, &[]), (&group, &[])];
            let counts = [(chunk.len() as u32).div_ceil(64), 1];
            programs::record(&mut encoder, "forge3d.cast", &pipeline, &groups, counts);
            encoder.copy_buffer_to_buffer(&output, 0, &readback, 0, size * 16);
            gpu.submit_and_wait(encoder)?;
            read_mapped(gpu, &readback, size * 16, |bytes| {
                hits.extend(bytemuck::pod_collect_to_vec::<u8, [f32; 4]>(bytes))
            })?;
        }
        Ok(hits)
    })
}
