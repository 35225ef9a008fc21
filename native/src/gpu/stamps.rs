//! The GPU's own clock: when passes began and ended, where the device tells.

use crate::error::{RenderError, Result};
use crate::gpu::memory::{Allocator, TrackedBuffer};
use crate::gpu::transfer::read_buffer;

/// Spans that are kept until they are read.
pub const SPANS: u32 = 64;
/// Bytes of them: two 64-bit times each.
pub const STAMP_BYTES: u64 = SPANS as u64 * 16;

/// Times of passes, written by the GPU.
pub struct Stamps {
    /// None where the device has no clock.
    queries: Option<wgpu::QuerySet>,
    times: TrackedBuffer,
    ms_a_tick: f64,
}

impl Stamps {
    /// Room for `SPANS` spans.
    pub fn new(gpu: &Allocator) -> Result<Self> {
        let has_clock = gpu.has(wgpu::Features::TIMESTAMP_QUERY);
        let resolve = if has_clock { wgpu::BufferUsages::QUERY_RESOLVE } else { wgpu::BufferUsages::empty() };
        let queries = has_clock.then(|| {
            gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("forge3d.stamps"),
                ty: wgpu::QueryType::Timestamp,
                count: 2 * SPANS,
            })
        });
        Ok(Self {
            queries,
            times: gpu.buffer("forge3d.frame.stamps", STAMP_BYTES, wgpu::BufferUsages::COPY_SRC | resolve)?,
            ms_a_tick: f64::from(gpu.queue.get_timestamp_period()) * 1e-6,
        })
    }

    /// Whether the device has a clock.
    #[must_use]
    pub fn has_clock(&self) -> bool {
        self.queries.is_some()
    }

    /// What a pass is to write of `span`: its beginning, its end, or both.
    pub(crate) fn writes(&self, span: u32, begins: bool, ends: bool) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        let query_set = self.queries.as_ref().filter(|_| begins || ends)?;
        Some(wgpu::ComputePassTimestampWrites {
            query_set,
            beginning_of_pass_write_index: begins.then_some(2 * span),
            end_of_pass_write_index: ends.then_some(2 * span + 1),
        })
    }

    /// Gathers the first `spans` spans, and copies them into a buffer, to an offset in it, if one is given.
    pub(crate) fn gather(&self, encoder: &mut wgpu::CommandEncoder, spans: u32, into: Option<(&TrackedBuffer, u64)>) {
        let Some(queries) = self.queries.as_ref().filter(|_| spans > 0) else { return };
        encoder.resolve_query_set(queries, 0..2 * spans, &self.times, 0);
        if let Some((buffer, offset)) = into {
            encoder.copy_buffer_to_buffer(&self.times, 0, buffer, offset, u64::from(spans) * 16);
        }
    }

    /// Waits for the first `spans` spans, and reads them: their milliseconds.
    pub fn read(&self, gpu: &Allocator, spans: u32) -> Result<f64> {
        let mut bytes = Vec::new();
        if self.has_clock() && spans > 0 {
            read_buffer(gpu, &self.times, u64::from(spans) * 16, &mut bytes)?;
        }
        Ok(self.milliseconds(&bytes))
    }

    /// The same, gathered first.
    pub fn gather_and_read(&self, gpu: &Allocator, spans: u32) -> Result<f64> {
        gpu.scoped(RenderError::Readback, || {
            let mut encoder = gpu.encoder("forge3d.stamps");
            self.gather(&mut encoder, spans, None);
            gpu.submit_and_wait(encoder)?;
            self.read(gpu, spans)
        })
    }

    /// Milliseconds of all spans in `bytes`.
    #[must_use]
    pub fn milliseconds(&self, bytes: &[u8]) -> f64 {
        let time = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        let ticks = bytes.chunks_exact(16).map(|span| time(&span[8..]).saturating_sub(time(&span[..8])));
        ticks.sum::<u64>() as f64 * self.ms_a_tick
    }
}
