//! What a picture is drawn into: buffers whose size follows the picture. Where one storage binding cannot hold the
//! light of all rows, they are split into slabs of rows.

use std::ops::Range;
use std::sync::Arc;

use crate::error::{RenderError, Result};
use crate::gpu::bindings::part;
use crate::gpu::context::GpuContext;
use crate::gpu::memory::{Allocator, TrackedBuffer};
use crate::gpu::readback_pool::ReadbackPool;
use crate::gpu::stamps::STAMP_BYTES;
use crate::render::frame::{FrameBuffers, Sample, TABLE_STRIDE, WORKGROUP_SIDE, WorkgroupRow, strided};
use crate::render::programs::Group;

/// Light and coverage, four floats.
const LIGHT_BYTES: u64 = 16;
const RGBA_BYTES: u64 = 4;

/// Some rows of the picture.
pub struct Slab {
    /// Rows of workgroups, in the picture.
    pub workgroup_rows: Range<u32>,
    /// Rows of pixels.
    pub pixel_rows: u32,
    pub(crate) bytes: TrackedBuffer,
    pub(crate) trace_group: wgpu::BindGroup,
    pub(crate) resolve_group: wgpu::BindGroup,
    /// Held by the groups; owned here, since dropping a tracked buffer destroys it.
    _light: TrackedBuffer,
    row_samples: TrackedBuffer,
}

impl Slab {
    /// Bytes of its part of the picture.
    #[must_use]
    pub fn picture_bytes(&self, width: u32) -> u64 {
        u64::from(width) * u64::from(self.pixel_rows) * RGBA_BYTES
    }

    /// Zero samples: rows that hold none count as dark, whatever light an earlier picture left in them.
    pub fn clear(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.clear_buffer(&self.row_samples, 0, None);
    }
}

/// All of it.
pub struct Target {
    /// From top to bottom.
    pub slabs: Vec<Slab>,
    /// Readback buffers of the picture's size.
    pub readback: Arc<ReadbackPool>,
    pub(crate) frame_group: wgpu::BindGroup,
    /// Held by `frame_group`; owned here as well.
    _rows: TrackedBuffer,
}

/// Bytes of a picture of `size` pixels.
#[must_use]
pub fn picture_bytes(size: [u32; 2]) -> u64 {
    u64::from(size[0]) * u64::from(size[1]) * RGBA_BYTES
}

/// Bytes of the buffer that a picture of `size` pixels is read from: the picture, and the times that go with it.
#[must_use]
pub fn readback_bytes(size: [u32; 2]) -> u64 {
    picture_bytes(size).next_multiple_of(wgpu::MAP_ALIGNMENT) + STAMP_BYTES
}

/// Bytes that the GPU alone holds for a picture of `size` pixels: light, counts, resolved bytes, the table of rows of
/// workgroups.
#[must_use]
pub fn device_bytes(size: [u32; 2]) -> u64 {
    let pixels = u64::from(size[0]) * u64::from(size[1]);
    pixels * (LIGHT_BYTES + RGBA_BYTES) + u64::from(size[1].div_ceil(WORKGROUP_SIDE)) * (4 + TABLE_STRIDE)
}

/// Rows of workgroups whose light one binding holds: one at least, which every adapter can.
fn rows_a_slab_of(width: u32, max_binding_bytes: u64) -> u32 {
    let row = u64::from(width) * u64::from(WORKGROUP_SIDE) * LIGHT_BYTES;
    (max_binding_bytes / row).clamp(1, u64::from(u32::MAX)) as u32
}

impl Target {
    /// Makes everything for a picture of `size` pixels.
    pub fn new(gpu: &GpuContext, memory: &Allocator, size: [u32; 2], frame: &FrameBuffers) -> Result<Self> {
        use wgpu::BufferUsages as Usage;
        let [width, height] = size;
        let workgroup_rows = height.div_ceil(WORKGROUP_SIDE);
        let rows_a_slab = rows_a_slab_of(width, gpu.max_binding_bytes());
        let rows = (0..workgroup_rows as usize)
            .map(|row| WorkgroupRow { row: row as u32, slab_first_row: row as u32 / rows_a_slab * rows_a_slab });
        gpu.scoped(RenderError::Render, || {
            let slabs = (0..workgroup_rows)
                .step_by(rows_a_slab as usize)
                .map(|first| {
                    let workgroup_rows = first..(first + rows_a_slab).min(workgroup_rows);
                    let pixel_rows = (workgroup_rows.end * WORKGROUP_SIDE).min(height) - first * WORKGROUP_SIDE;
                    let pixels = u64::from(width) * u64::from(pixel_rows);
                    let storage = Usage::STORAGE;
                    let light = memory.buffer("forge3d.target.light", pixels * LIGHT_BYTES, storage)?;
                    let counts = u64::from(workgroup_rows.end - workgroup_rows.start) * 4;
                    let row_samples = memory.buffer("forge3d.target.row_samples", counts, storage | Usage::COPY_DST)?;
                    let bytes =
                        memory.buffer("forge3d.target.bytes", pixels * RGBA_BYTES, Usage::STORAGE | Usage::COPY_SRC)?;
                    let trace_group = Group::Trace.bind(
                        gpu,
                        vec![
                            frame.ramp.as_entire_binding(),
                            light.as_entire_binding(),
                            row_samples.as_entire_binding(),
                        ],
                    );
                    let resolve_group = Group::Resolve.bind(
                        gpu,
                        vec![light.as_entire_binding(), row_samples.as_entire_binding(), bytes.as_entire_binding()],
                    );
                    Ok(Slab {
                        workgroup_rows,
                        pixel_rows,
                        bytes,
                        trace_group,
                        resolve_group,
                        _light: light,
                        row_samples,
                    })
                })
                .collect::<Result<Vec<_>>>()?;
            let table = strided(rows);
            let rows = memory.buffer("forge3d.frame.rows", table.len() as u64, Usage::UNIFORM | Usage::COPY_DST)?;
            gpu.queue.write_buffer(&rows, 0, &table);
            let [lanes, frame_block] = frame.uniforms();
            let frame_group = Group::Frame.bind(
                gpu,
                vec![
                    lanes,
                    frame_block,
                    part(&frame.samples, 0, std::mem::size_of::<Sample>() as u64),
                    part(&rows, 0, 16),
                ],
            );
            Ok(Self { slabs, readback: ReadbackPool::new(picture_bytes(size), STAMP_BYTES), frame_group, _rows: rows })
        })
    }

    /// The slab that holds a row of workgroups.
    #[must_use]
    pub fn slab_of(&self, workgroup_row: u32) -> &Slab {
        let at = self.slabs.partition_point(|slab| slab.workgroup_rows.end <= workgroup_row);
        &self.slabs[at.min(self.slabs.len() - 1)]
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.readback.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slab_is_as_high_as_a_binding_allows() {
        let mebibyte = 1 << 20;
        assert_eq!(rows_a_slab_of(4096, 128 * mebibyte), 256);
        assert_eq!(rows_a_slab_of(16_384, mebibyte), 1);
        assert_eq!(rows_a_slab_of(1, u64::MAX), u32::MAX);
    }
}
