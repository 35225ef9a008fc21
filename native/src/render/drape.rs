//! A picture that is laid over the ground.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{RenderError, Result};
use crate::gpu::memory::{Allocator, TrackedTexture, texture_bytes};
use crate::gpu::transfer::{RowSink, StripUpload, staging_bytes};
use crate::render::signals::Call;

const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8UnormSrgb;

/// The drape's texture; one transparent pixel where there is no drape.
pub struct Drape {
    /// Tells drapes apart.
    pub id: u64,
    pub(crate) texture: TrackedTexture,
}

/// Bytes of a drape, and of what its upload takes beside it.
#[must_use]
pub fn bytes(size: [u32; 2]) -> (u64, u64) {
    (texture_bytes(size, FORMAT), staging_bytes(size[0], size[1]))
}

impl Drape {
    fn empty(memory: &Allocator, size: [u32; 2]) -> Result<Self> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let usage = wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST;
        Ok(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            texture: memory.texture("forge3d.style.drape", size, FORMAT, usage)?,
        })
    }

    /// No drape. wgpu clears new textures before their first use.
    pub fn none(memory: &Allocator) -> Result<Self> {
        memory.scoped(RenderError::Upload, || Self::empty(memory, [1, 1]))
    }

    /// Rows of sRGB bytes with straight alpha.
    pub fn new(memory: &Allocator, size: [u32; 2], rgba: &[u8], call: &Call<'_>) -> Result<Self> {
        memory.scoped(RenderError::Upload, || {
            let drape = Self::empty(memory, size)?;
            let mut upload = StripUpload::new(memory, size[0], size[1])?;
            let row_bytes = size[0] as usize * 4;
            let fill = |rows: std::ops::Range<u32>, sink: &mut RowSink<'_>| {
                for row in rows {
                    sink.put(&rgba[row as usize * row_bytes..][..row_bytes]);
                }
            };
            let mut row = 0;
            while row < size[1] {
                call.check()?;
                let rows = upload.rows_per_strip.min(size[1] - row);
                upload.write(memory, &drape.texture, row, rows, &|| call.check(), &fill)?;
                row += rows;
            }
            upload.finish(memory, &|| call.check())?;
            Ok(drape)
        })
    }
}
