//! Resolved bytes to the host: where the GPU copied them, as long as there is room for that, else as a copy.

use std::ops::Deref;
use std::time::Instant;

use crate::error::Result;
use crate::gpu::faults::Place;
use crate::gpu::memory::{Allocator, Reservation, Resource, register};
use crate::gpu::readback_pool::{MappedPicture, MappingPicture, PoolBuffer};
use crate::gpu::transfer::read_buffer;
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

impl Bytes {
    fn copied(bytes: Vec<u8>) -> Result<Self> {
        let resource = Resource::Buffer { host_visible: false };
        let entry = register("picture in Python".into(), bytes.capacity() as u64, resource, false)?;
        Ok(Self::Copied(bytes, entry))
    }
}

impl Picture {
    /// Whether these are the very bytes that the GPU wrote; else a copy of them.
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        matches!(self.bytes, Bytes::Mapped(_))
    }

    /// Copied out of its buffer where so many pictures are held already that too few buffers were left for the next ones.
    pub fn leaving_buffers(self) -> Result<Self> {
        match self.bytes {
            Bytes::Mapped(picture) if picture.is_one_too_many() => {
                let start = Instant::now();
                let bytes = Bytes::copied(picture.to_vec())?;
                Ok(Self { copy_ms: self.copy_ms + start.elapsed().as_secs_f64() * 1e3, bytes })
            }
            _ => Ok(self),
        }
    }
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

/// A picture whose last work was submitted.
pub(crate) struct Submitted {
    pub index: wgpu::SubmissionIndex,
    /// None where there is no buffer for all of it: it must be read before anything else is drawn.
    whole: Option<MappingPicture>,
}

impl Submitted {
    /// Whether other pictures may be drawn before this one is read.
    #[must_use]
    pub fn is_apart(&self) -> bool {
        self.whole.is_some()
    }
}

/// Adds resolving and copying to `encoder` and submits it.
pub(crate) fn submit(
    memory: &Allocator,
    mut encoder: wgpu::CommandEncoder,
    target: &Target,
    resolve: &ResolvePass,
    [width, _]: [u32; 2],
) -> Result<Submitted> {
    let buffer = target.readback.take(memory)?;
    let mut offset = 0;
    for slab in &target.slabs {
        resolve.record(&mut encoder, &target.frame_group, slab, width);
        if let Some(buffer) = &buffer {
            encoder.copy_buffer_to_buffer(&slab.bytes, 0, buffer.get()?, offset, slab.picture_bytes(width));
        }
        offset += slab.picture_bytes(width);
    }
    memory.pass(Place::Commands)?;
    let index = memory.queue.submit([encoder.finish()]);
    Ok(Submitted { index, whole: buffer.map(PoolBuffer::map).transpose()? })
}

/// Waits for what `submit` began, or until `stop` answers with an error.
pub(crate) fn wait(
    memory: &Allocator,
    submitted: Submitted,
    target: Option<&Target>,
    [width, height]: [u32; 2],
    stop: &dyn Fn() -> Result<()>,
) -> Result<Picture> {
    memory.wait_unless(Some(submitted.index.clone()), stop)?;
    let start = Instant::now();
    let bytes = match submitted.whole {
        Some(mapping) => Bytes::Mapped(mapping.wait(memory, Some(&submitted.index), stop)?),
        None => {
            let mut bytes = Vec::with_capacity(picture_bytes([width, height]) as usize);
            for slab in target.map_or(&[][..], |target| &target.slabs) {
                read_buffer(memory, &slab.bytes, slab.picture_bytes(width), &mut bytes)?;
            }
            Bytes::copied(bytes)?
        }
    };
    Ok(Picture { copy_ms: start.elapsed().as_secs_f64() * 1e3, bytes })
}
