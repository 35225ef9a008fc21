//! Resolved bytes to the host: where the GPU copied them, as long as there is room for that, else as a copy.

use std::ops::Deref;
use std::time::Instant;

use crate::error::Result;
use crate::gpu::faults::Place;
use crate::gpu::memory::{Allocator, Reservation, Resource, register};
use crate::gpu::readback_pool::{MappedPicture, MappingPicture, PoolBuffer};
use crate::gpu::stamps::Stamps;
use crate::gpu::transfer::read_buffer;
use crate::render::resolve::ResolvePass;
use crate::render::target::{Target, picture_bytes};

/// Rows of RGBA, sRGB, straight alpha.
pub struct Picture {
    /// Milliseconds from the end of the GPU's work to the bytes.
    pub copy_ms: f64,
    /// Milliseconds by the GPU's own clock, of the spans that came with it; none where it has no clock.
    pub gpu_ms: Option<f64>,
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
                Ok(Self { copy_ms: self.copy_ms + start.elapsed().as_secs_f64() * 1e3, gpu_ms: self.gpu_ms, bytes })
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

/// Which spans of time a picture comes with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spans {
    /// How many, from the first.
    pub count: u32,
    /// The one that resolving ends, if any.
    pub last: Option<u32>,
    /// Whether it begins with resolving, too.
    pub begins: bool,
}

/// A picture whose last work was submitted.
pub(crate) struct Submitted {
    pub index: wgpu::SubmissionIndex,
    /// None where there is no buffer for all of it: it must be read before anything else is drawn.
    whole: Option<MappingPicture>,
    /// Spans of time that come with it.
    spans: u32,
}

impl Submitted {
    /// Whether other pictures may be drawn before this one is read.
    #[must_use]
    pub fn is_apart(&self) -> bool {
        self.whole.is_some()
    }
}

/// Adds resolving and copying to `encoder` and submits it, with the first `spans` spans of time; the last of them ends here.
pub(crate) fn submit(
    memory: &Allocator,
    mut encoder: wgpu::CommandEncoder,
    target: &Target,
    resolve: &ResolvePass,
    [width, _]: [u32; 2],
    stamps: &Stamps,
    spans: Spans,
) -> Result<Submitted> {
    let buffer = target.readback.take(memory)?;
    let mut offset = 0;
    let last = target.slabs.len() - 1;
    for (nth, slab) in target.slabs.iter().enumerate() {
        let times = spans.last.and_then(|span| stamps.writes(span, spans.begins && nth == 0, nth == last));
        resolve.record(&mut encoder, &target.frame_group, slab, width, times);
        if let Some(buffer) = &buffer {
            encoder.copy_buffer_to_buffer(&slab.bytes, 0, buffer.get()?, offset, slab.picture_bytes(width));
        }
        offset += slab.picture_bytes(width);
    }
    let tail = buffer.as_ref().map(|buffer| Ok((buffer.get()?, target.readback.tail_offset()))).transpose()?;
    stamps.gather(&mut encoder, spans.count, tail);
    memory.pass(Place::Commands)?;
    let index = memory.queue.submit([encoder.finish()]);
    Ok(Submitted { index, whole: buffer.map(PoolBuffer::map).transpose()?, spans: spans.count })
}

/// Waits for what `submit` began, or until `stop` answers with an error.
pub(crate) fn wait(
    memory: &Allocator,
    submitted: Submitted,
    target: Option<&Target>,
    stamps: &Stamps,
    [width, height]: [u32; 2],
    stop: &dyn Fn() -> Result<()>,
) -> Result<Picture> {
    memory.wait_unless(Some(submitted.index.clone()), stop)?;
    let start = Instant::now();
    let spans = if stamps.has_clock() { submitted.spans } else { 0 };
    let (bytes, gpu_ms) = match submitted.whole {
        Some(mapping) => {
            let (picture, times) = mapping.wait(memory, Some(&submitted.index), stop, u64::from(spans) * 16)?;
            (Bytes::Mapped(picture), stamps.milliseconds(&times))
        }
        None => {
            let mut bytes = Vec::with_capacity(picture_bytes([width, height]) as usize);
            for slab in target.map_or(&[][..], |target| &target.slabs) {
                read_buffer(memory, &slab.bytes, slab.picture_bytes(width), &mut bytes)?;
            }
            (Bytes::copied(bytes)?, stamps.read(memory, spans)?)
        }
    };
    let gpu_ms = stamps.has_clock().then_some(gpu_ms);
    Ok(Picture { copy_ms: start.elapsed().as_secs_f64() * 1e3, gpu_ms, bytes })
}
