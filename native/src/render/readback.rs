//! Resolved bytes to the host: where the GPU copied them, as long as there is room for that, else as a copy.

use std::ops::Deref;
use std::time::Instant;

use crate::error::{RenderError, Result};
use crate::gpu::memory::{Allocator, Reservation, Resource, TrackedBuffer, register};
use crate::gpu::transfer::{MappedPicture, read_buffer};
use crate::render::resolve::ResolvePass;
use crate::render::target::{Target, picture_bytes};

/// Rows of RGBA, sRGB, straight alpha.
pub struct Picture {
    /// Milliseconds from the end of the GPU's work to the bytes.
    pub copy_ms: f64,
    bytes: Bytes,
}

enum Bytes {
    Mapped(MappedPicture),
    /// Where Python holds it, with its entry in the ledger.
    Copied(Vec<u8>, #[expect(dead_code, reason = "held for its end")] Reservation),
}

impl Deref for Picture {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(picture) => picture,
            Bytes::Copied(bytes, _) => bytes,
        }
    }
}

/// A buffer for the whole picture; none where all are in use, or the budget or the adapter leaves no room for one.
fn whole_buffer(memory: &Allocator, target: &Target) -> Result<Option<TrackedBuffer>> {
    match target.readback.take(memory) {
        Err(RenderError::Budget(_)) => Ok(None),
        other => other,
    }
}

/// Adds resolving and copying to `encoder`, submits it and waits.
pub(crate) fn read(
    memory: &Allocator,
    mut encoder: wgpu::CommandEncoder,
    target: &Target,
    resolve: &ResolvePass,
    [width, height]: [u32; 2],
) -> Result<Picture> {
    let buffer = whole_buffer(memory, target)?;
    let mut offset = 0;
    for slab in &target.slabs {
        resolve.record(&mut encoder, &target.frame_group, slab, width);
        if let Some(buffer) = &buffer {
            encoder.copy_buffer_to_buffer(&slab.bytes, 0, buffer, offset, slab.picture_bytes(width));
        }
        offset += slab.picture_bytes(width);
    }
    if let Err(error) = memory.submit_and_wait(encoder) {
        if let Some(buffer) = buffer {
            target.readback.give_back(buffer);
        }
        return Err(error);
    }
    let start = Instant::now();
    let bytes = match buffer {
        Some(buffer) => Bytes::Mapped(target.readback.map(memory, buffer)?),
        None => {
            let mut bytes = Vec::with_capacity(picture_bytes([width, height]) as usize);
            for slab in &target.slabs {
                read_buffer(memory, &slab.bytes, slab.picture_bytes(width), &mut bytes)?;
            }
            let resource = Resource::Buffer { host_visible: false };
            let entry = register("picture in Python".into(), bytes.capacity() as u64, resource, false)?;
            Bytes::Copied(bytes, entry)
        }
    };
    Ok(Picture { copy_ms: start.elapsed().as_secs_f64() * 1e3, bytes })
}
