//! Buffers that pictures are copied into and stay in while somebody looks at them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{RenderError, Result};
use crate::gpu::device::Device;
use crate::gpu::memory::{Allocator, TrackedBuffer};
use crate::gpu::transfer::{Mapping, READBACK};

/// Buffers of a pool unless somebody reserves more: the picture that is shown and the one that is made.
pub const MAPPED_PICTURES: usize = 2;

#[derive(Default)]
struct State {
    idle: Vec<TrackedBuffer>,
    /// Buffers that exist and come back here: idle, under way, or with a picture that somebody holds.
    made: usize,
    /// As many as there may be.
    most: usize,
    /// Pictures that somebody holds.
    held: usize,
    closed: bool,
}

/// Readback buffers of one picture size: a few, taken in turn, so that a picture can stay where the GPU put it while the next
/// one is made.
pub struct ReadbackPool {
    bytes: u64,
    tail: u64,
    state: Mutex<State>,
}

impl ReadbackPool {
    /// An empty pool for pictures of `bytes` bytes, with `tail` bytes after each for what goes with it.
    #[must_use]
    pub fn new(bytes: u64, tail: u64) -> Arc<Self> {
        Arc::new(Self { bytes, tail, state: Mutex::new(State { most: MAPPED_PICTURES, ..State::default() }) })
    }

    /// Where the tail begins: mapped ranges begin at multiples of eight.
    #[must_use]
    pub fn tail_offset(&self) -> u64 {
        self.bytes.next_multiple_of(wgpu::MAP_ALIGNMENT)
    }

    fn buffer_bytes(&self) -> u64 {
        self.tail_offset() + self.tail
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Allows `most` buffers; `at_once`: makes them now. Returns how many there may be: fewer where the budget has no room.
    pub fn reserve(&self, gpu: &Allocator, most: usize, at_once: bool) -> Result<usize> {
        let mut state = self.state();
        state.most = if self.buffer_bytes() > gpu.max_buffer_bytes() { 0 } else { most };
        while at_once && state.made < state.most {
            match self.make(gpu, &mut state) {
                Ok(buffer) => state.idle.push(buffer),
                Err(RenderError::Budget(_)) => state.most = state.made,
                Err(error) => return Err(error),
            }
        }
        while state.made > state.most && state.idle.pop().is_some() {
            state.made -= 1;
        }
        Ok(state.most)
    }

    fn make(&self, gpu: &Allocator, state: &mut State) -> Result<TrackedBuffer> {
        let buffer = gpu.buffer("forge3d.readback", self.buffer_bytes(), READBACK)?;
        state.made += 1;
        Ok(buffer)
    }

    /// A buffer to copy a picture into; none when all are taken, or the budget or the adapter has no room for one more.
    pub fn take(self: &Arc<Self>, gpu: &Allocator) -> Result<Option<PoolBuffer>> {
        let mut state = self.state();
        let buffer = match state.idle.pop() {
            Some(buffer) => buffer,
            None if state.made >= state.most || self.buffer_bytes() > gpu.max_buffer_bytes() => return Ok(None),
            None => match self.make(gpu, &mut state) {
                Err(RenderError::Budget(_)) => return Ok(None),
                made => made?,
            },
        };
        Ok(Some(PoolBuffer { buffer: Some(buffer), is_mapped: false, pool: Arc::clone(self) }))
    }

    /// Whether a buffer can be had without waiting for one to come back.
    #[must_use]
    pub fn has_idle(&self) -> bool {
        let state = self.state();
        !state.idle.is_empty() || state.made < state.most
    }

    /// Takes a buffer back, or lets it go where the pool is closed or has too many.
    fn give_back(&self, buffer: TrackedBuffer) {
        let mut state = self.state();
        if state.closed || state.made > state.most {
            state.made -= 1;
        } else {
            state.idle.push(buffer);
        }
    }

    /// Frees what is idle; what is still held goes with its picture.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.made -= state.idle.len();
        state.idle.clear();
    }
}

/// A buffer that goes back to its pool, unmapped, whatever becomes of the picture in it.
pub struct PoolBuffer {
    /// There until it is dropped.
    buffer: Option<TrackedBuffer>,
    /// Mapped, or asked to be.
    is_mapped: bool,
    pool: Arc<ReadbackPool>,
}

impl PoolBuffer {
    /// To copy into.
    pub(crate) fn get(&self) -> Result<&TrackedBuffer> {
        self.buffer.as_ref().ok_or_else(|| RenderError::Internal("a picture lost its buffer".into()))
    }

    /// Asks for it to be mapped, once the GPU has done what it was told to copy into it.
    pub fn map(mut self) -> Result<MappingPicture> {
        let mapping = Mapping::request(self.get()?, wgpu::MapMode::Read);
        self.is_mapped = true;
        Ok(MappingPicture { mapping, buffer: self })
    }
}

impl Drop for PoolBuffer {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            if self.is_mapped {
                // This also takes back a wish that was not granted yet.
                buffer.unmap();
            }
            self.pool.give_back(buffer);
        }
    }
}

/// A picture that the GPU is still making. Dropped, its buffer is free for the next one.
pub struct MappingPicture {
    mapping: Mapping,
    buffer: PoolBuffer,
}

impl MappingPicture {
    /// Waits until the bytes are there. `after`: the submission that copies them. With the first `tail` bytes of the tail.
    pub fn wait(
        mut self,
        gpu: &Device,
        after: Option<&wgpu::SubmissionIndex>,
        stop: &dyn Fn() -> Result<()>,
        tail: u64,
    ) -> Result<(MappedPicture, Vec<u8>)> {
        self.mapping.wait(gpu, after, stop).map_err(RenderError::Readback)??;
        let Self { buffer, .. } = self;
        let refused = |error: wgpu::MapRangeError| RenderError::Readback(error.to_string());
        let mut extra = Vec::new();
        if tail > 0 {
            let from = buffer.pool.tail_offset();
            extra.extend_from_slice(&buffer.get()?.slice(from..from + tail).get_mapped_range().map_err(refused)?);
        }
        let view = buffer.get()?.slice(..buffer.pool.bytes).get_mapped_range().map_err(refused)?;
        buffer.pool.state().held += 1;
        Ok((MappedPicture { view: Some(view), buffer }, extra))
    }
}

/// A picture in the buffer that the GPU copied it into. Counted until it is dropped, also when its renderer is gone.
pub struct MappedPicture {
    view: Option<wgpu::BufferView>,
    buffer: PoolBuffer,
}

impl MappedPicture {
    /// Whether so many of the pool's buffers are held by now that this one had better go back: half of them at least
    /// stay for pictures that are still made.
    #[must_use]
    pub fn is_one_too_many(&self) -> bool {
        let state = self.buffer.pool.state();
        state.held > state.most / 2
    }
}

impl std::ops::Deref for MappedPicture {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.view.as_deref().unwrap_or(&[])
    }
}

impl Drop for MappedPicture {
    fn drop(&mut self) {
        // wgpu wants the view gone before the buffer is unmapped, which comes next.
        self.view = None;
        self.buffer.pool.state().held -= 1;
    }
}
