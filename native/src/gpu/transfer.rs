//! Bytes to and from the GPU: padded rows, strip upload, readback.

use std::marker::PhantomData;
use std::ops::Range;

use crate::error::{RenderError, Result};
use crate::gpu::device::Device;
use crate::gpu::faults::Place;
use crate::gpu::memory::{Allocator, TrackedBuffer, TrackedTexture};

/// Upload goes through two buffers of together this size at most, however large the texture: one is filled while the other
/// is copied.
pub const STAGING_BYTES: u64 = 16 << 20;
const STRIPS_IN_FLIGHT: usize = 2;
/// Readback without a mapped picture goes through one buffer of this size.
pub const PIECE_BYTES: u64 = 4 << 20;
/// Threads that fill a strip, at most: more do not copy faster than memory takes it.
const MAX_FILLERS: usize = 8;
/// What is worth a thread of its own.
const BYTES_A_FILLER: usize = 256 << 10;

/// Bytes of a row in a buffer that a texture is copied from or to: wgpu wants multiples of 256 there (and only there:
/// `Queue::write_texture` takes any row length).
#[must_use]
pub fn padded_row_bytes(row_bytes: u64) -> u64 {
    row_bytes.next_multiple_of(u64::from(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT))
}

/// Rows of `width` 4-byte pixels that one of the staging buffers holds, at most `height`.
fn rows_per_strip(width: u32, height: u32) -> u32 {
    let strip = STAGING_BYTES / STRIPS_IN_FLIGHT as u64;
    (strip / padded_row_bytes(u64::from(width) * 4)).clamp(1, u64::from(height)) as u32
}

/// Bytes of the staging buffers for a texture of 4-byte pixels.
#[must_use]
pub fn staging_bytes(width: u32, height: u32) -> u64 {
    let rows = rows_per_strip(width, height);
    let buffers = if rows == height { 1 } else { STRIPS_IN_FLIGHT as u64 };
    buffers * padded_row_bytes(u64::from(width) * 4) * u64::from(rows)
}

/// Where the filler of a strip puts its rows.
pub struct RowSink<'a> {
    next: *mut u8,
    rows_left: usize,
    row_bytes: usize,
    padded: usize,
    mapped: PhantomData<&'a mut [u8]>,
}

// SAFETY: it is the only one that writes to its rows, like a `&mut [u8]`, which is Send.
unsafe impl Send for RowSink<'_> {}

impl<'a> RowSink<'a> {
    fn new(mut bytes: wgpu::WriteOnly<'a, [u8]>, row_bytes: usize, padded: usize) -> Self {
        let rows_left = bytes.len() / padded;
        Self { next: bytes.as_raw_element_ptr().as_ptr(), rows_left, row_bytes, padded, mapped: PhantomData }
    }

    /// The next row; as many bytes as a row has. Rows beyond the last are left out.
    pub fn put(&mut self, row: &[u8]) {
        if self.rows_left == 0 {
            return;
        }
        let row = &row[..self.row_bytes];
        // SAFETY: `rows_left` rows of `padded` bytes are left in what `new` was given, which is mapped for `'a`.
        unsafe {
            std::ptr::copy_nonoverlapping(row.as_ptr(), self.next, row.len());
            self.next = self.next.add(self.padded);
        }
        self.rows_left -= 1;
    }
}

/// A staging buffer that is being mapped for writing, or mapped.
struct Strip {
    buffer: TrackedBuffer,
    mapping: Mapping,
    /// Its copy that is under way.
    submitted: Option<wgpu::SubmissionIndex>,
}

/// Brings rows of 4-byte pixels to a texture through staging buffers that are filled and copied in turn.
pub struct StripUpload {
    strips: Vec<Strip>,
    next: usize,
    row_bytes: u64,
    padded: u64,
    last: Option<wgpu::SubmissionIndex>,
    /// Rows that one staging buffer holds.
    pub rows_per_strip: u32,
}

impl StripUpload {
    /// Staging for rows of `width` pixels, for a texture of `height` rows.
    pub fn new(gpu: &Allocator, width: u32, height: u32) -> Result<Self> {
        let row_bytes = u64::from(width) * 4;
        let padded = padded_row_bytes(row_bytes);
        let rows_per_strip = rows_per_strip(width, height);
        let count = if rows_per_strip == height { 1 } else { STRIPS_IN_FLIGHT };
        let usage = wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC;
        let strips = (0..count)
            .map(|_| {
                let buffer = gpu.buffer("forge3d.upload.staging", padded * u64::from(rows_per_strip), usage)?;
                let mapping = Mapping::request(&buffer, wgpu::MapMode::Write);
                Ok(Strip { buffer, mapping, submitted: None })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { strips, next: 0, row_bytes, padded, last: None, rows_per_strip })
    }

    /// Writes `rows` rows from `first_row` on. `fill(rows, sink)` puts a range of them, counted from the texture's first,
    /// into the sink, in order; it is called from several threads for ranges apart. Waits for a free staging buffer, or
    /// until `stop` answers with an error.
    pub fn write(
        &mut self,
        gpu: &Allocator,
        texture: &TrackedTexture,
        first_row: u32,
        rows: u32,
        stop: &dyn Fn() -> Result<()>,
        fill: &(dyn Fn(Range<u32>, &mut RowSink<'_>) + Sync),
    ) -> Result<()> {
        let strip = &mut self.strips[self.next];
        strip.mapping.wait(gpu, strip.submitted.as_ref(), stop).map_err(RenderError::Upload)??;
        {
            let mut view = strip
                .buffer
                .slice(..)
                .get_mapped_range_mut()
                .map_err(|error| RenderError::Upload(error.to_string()))?;
            let bytes = self.padded as usize * rows as usize;
            fill_rows(view.slice(..bytes), first_row, rows, self.row_bytes as usize, self.padded as usize, fill);
        }
        strip.buffer.unmap();
        let mut encoder = gpu.encoder("forge3d.upload");
        encoder.copy_buffer_to_texture(
            wgpu::TexelCopyBufferInfo {
                buffer: &strip.buffer,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(self.padded as u32),
                    rows_per_image: None,
                },
            },
            wgpu::TexelCopyTextureInfo {
                texture,
                mip_level: 0,
                origin: wgpu::Origin3d { x: 0, y: first_row, z: 0 },
                aspect: wgpu::TextureAspect::All,
            },
            wgpu::Extent3d { width: (self.row_bytes / 4) as u32, height: rows, depth_or_array_layers: 1 },
        );
        gpu.pass(Place::Commands)?;
        let submitted = gpu.queue.submit([encoder.finish()]);
        strip.submitted = Some(submitted.clone());
        self.last = Some(submitted);
        strip.mapping = Mapping::request(&strip.buffer, wgpu::MapMode::Write);
        self.next = (self.next + 1) % self.strips.len();
        Ok(())
    }

    /// Waits until the GPU has all rows.
    pub fn finish(mut self, gpu: &Allocator, stop: &dyn Fn() -> Result<()>) -> Result<()> {
        gpu.wait_unless(self.last.take(), stop)
    }
}

/// Parts of a strip to threads, each a range of rows.
fn fill_rows(
    bytes: wgpu::WriteOnly<'_, [u8]>,
    first_row: u32,
    rows: u32,
    row_bytes: usize,
    padded: usize,
    fill: &(dyn Fn(Range<u32>, &mut RowSink<'_>) + Sync),
) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_FILLERS);
    let parts = (padded * rows as usize / BYTES_A_FILLER).clamp(1, threads) as u32;
    let rows_a_part = rows.div_ceil(parts);
    std::thread::scope(|scope| {
        let mut rest = bytes;
        let mut row = 0;
        while row < rows {
            let count = rows_a_part.min(rows - row);
            let (part, after) = rest.split_at(count as usize * padded);
            rest = after;
            let range = first_row + row..first_row + row + count;
            row += count;
            let mut sink = RowSink::new(part, row_bytes, padded);
            let work = move || fill(range, &mut sink);
            if row < rows {
                scope.spawn(work);
            } else {
                work();
            }
        }
    });
}

/// Reads a rectangle of a texture of 4-byte pixels, strip by strip; rows come back without padding.
pub fn read_texture(gpu: &Allocator, texture: &TrackedTexture, origin: [u32; 2], size: [u32; 2]) -> Result<Vec<u8>> {
    let row_bytes = u64::from(size[0]) * 4;
    let padded = padded_row_bytes(row_bytes);
    let rows_per_strip = rows_per_strip(size[0], size[1]);
    let buffer = gpu.buffer("forge3d.readback.patch", padded * u64::from(rows_per_strip), READBACK)?;
    let mut out = Vec::with_capacity((row_bytes * u64::from(size[1])) as usize);
    let mut row = 0;
    while row < size[1] {
        let rows = rows_per_strip.min(size[1] - row);
        let mut encoder = gpu.encoder("forge3d.readback.patch");
        encoder.copy_texture_to_buffer(
            wgpu::TexelCopyTextureInfo {
                texture,
                mip_level: 0,
                origin: wgpu::Origin3d { x: origin[0], y: origin[1] + row, z: 0 },
                aspect: wgpu::TextureAspect::All,
            },
            wgpu::TexelCopyBufferInfo {
                buffer: &buffer,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(padded as u32),
                    rows_per_image: None,
                },
            },
            wgpu::Extent3d { width: size[0], height: rows, depth_or_array_layers: 1 },
        );
        gpu.submit_and_wait(encoder)?;
        read_mapped(gpu, &buffer, padded * u64::from(rows), |bytes| {
            for strip_row in bytes.chunks_exact(padded as usize) {
                out.extend_from_slice(&strip_row[..row_bytes as usize]);
            }
        })?;
        row += rows;
    }
    Ok(out)
}

/// What every buffer has that the host reads.
pub(crate) const READBACK: wgpu::BufferUsages = wgpu::BufferUsages::MAP_READ.union(wgpu::BufferUsages::COPY_DST);

/// Appends the first `bytes` bytes of a buffer to `out`, through a small buffer.
pub fn read_buffer(gpu: &Allocator, buffer: &wgpu::Buffer, bytes: u64, out: &mut Vec<u8>) -> Result<()> {
    let piece = gpu.buffer("forge3d.readback.piece", bytes.min(PIECE_BYTES), READBACK)?;
    let mut offset = 0;
    while offset < bytes {
        let size = PIECE_BYTES.min(bytes - offset);
        let mut encoder = gpu.encoder("forge3d.readback.piece");
        encoder.copy_buffer_to_buffer(buffer, offset, &piece, 0, size);
        gpu.submit_and_wait(encoder)?;
        read_mapped(gpu, &piece, size, |bytes| out.extend_from_slice(bytes))?;
        offset += size;
    }
    Ok(())
}

/// Maps the first `bytes` bytes of a readback buffer for the time of `take`.
pub fn read_mapped<T>(gpu: &Device, buffer: &TrackedBuffer, bytes: u64, take: impl FnOnce(&[u8]) -> T) -> Result<T> {
    Mapping::request(buffer, wgpu::MapMode::Read).wait(gpu, None, &|| Ok(())).map_err(RenderError::Readback)??;
    let value = {
        let view =
            buffer.slice(..bytes).get_mapped_range().map_err(|error| RenderError::Readback(error.to_string()))?;
        take(&view)
    };
    buffer.unmap();
    Ok(value)
}

/// A wish to map a buffer, and its answer.
pub(crate) struct Mapping {
    answer: std::sync::mpsc::Receiver<std::result::Result<(), wgpu::BufferAsyncError>>,
}

impl Mapping {
    /// Asks for the whole buffer, as soon as the GPU is done with it.
    pub(crate) fn request(buffer: &TrackedBuffer, mode: wgpu::MapMode) -> Self {
        let (sender, answer) = std::sync::mpsc::channel();
        buffer.slice(..).map_async(mode, move |result| {
            // The receiver lives until the answer came or the wait failed: nobody to tell in the second case.
            let _ = sender.send(result);
        });
        Self { answer }
    }

    /// Waits until the buffer is mapped, which it is when the work `after` (or all) is done, or until `stop` answers with an
    /// error. The outer error is the text of a mapping that
    /// failed: whoever asked knows whether that was an upload or a readback.
    pub(crate) fn wait(
        &mut self,
        gpu: &Device,
        after: Option<&wgpu::SubmissionIndex>,
        stop: &dyn Fn() -> Result<()>,
    ) -> std::result::Result<Result<()>, String> {
        if let Err(error) = gpu.pass(Place::Mapping) {
            return Ok(Err(error));
        }
        let failed = |error: wgpu::BufferAsyncError| format!("mapping failed: {error}");
        if let Ok(answer) = self.answer.try_recv() {
            return answer.map(Ok).map_err(failed);
        }
        for _ in 0..500 {
            if let Err(error) = gpu.poll_once(after) {
                return Ok(Err(error));
            }
            // The callback may run in another thread's poll, a moment after ours returned.
            match self.answer.recv_timeout(std::time::Duration::from_millis(1)) {
                Ok(answer) => return answer.map(Ok).map_err(failed),
                Err(_) => {
                    if let Err(error) = stop() {
                        return Ok(Err(error));
                    }
                }
            }
        }
        Err("mapping did not finish; the device may be lost".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_in_buffers_are_padded_to_256_bytes() {
        assert_eq!([1, 255, 256, 257, 404].map(padded_row_bytes), [256, 256, 256, 512, 512]);
    }

    #[test]
    fn the_padding_is_wanted_by_buffer_copies_and_not_by_write_texture() {
        let gpu = crate::gpu::context::context(&crate::gpu::adapter::AdapterChoice::Auto)
            .expect("an adapter: the set-up installs the software one")
            .allocator(crate::gpu::memory::Budget::common());
        let (width, height) = (101u32, 50u32);
        let usage =
            wgpu::TextureUsages::COPY_DST | wgpu::TextureUsages::COPY_SRC | wgpu::TextureUsages::TEXTURE_BINDING;
        let texture = gpu
            .texture("forge3d.test.texture", [width, height], wgpu::TextureFormat::R32Float, usage)
            .expect("a texture");
        let sent: Vec<u8> = (0..width * height).flat_map(|i| (i as f32).to_le_bytes()).collect();
        let whole = wgpu::Extent3d { width, height, depth_or_array_layers: 1 };
        let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(width * 4), rows_per_image: None };

        // 404 bytes a row: no multiple of 256, and fine.
        gpu.scoped(RenderError::Upload, || {
            gpu.queue.write_texture(texture.as_image_copy(), &sent, layout, whole);
            Ok(())
        })
        .expect("write_texture takes any row length");
        assert_eq!(read_texture(&gpu, &texture, [0, 0], [width, height]).expect("a readback"), sent);

        // The same rows from a buffer are refused.
        let buffer =
            gpu.buffer("forge3d.test.buffer", sent.len() as u64, wgpu::BufferUsages::COPY_SRC).expect("a buffer");
        let refused = gpu.scoped(RenderError::Upload, || {
            let mut encoder = gpu.encoder("forge3d.test");
            encoder.copy_buffer_to_texture(
                wgpu::TexelCopyBufferInfo { buffer: &buffer, layout },
                texture.as_image_copy(),
                whole,
            );
            gpu.submit_and_wait(encoder)
        });
        let refused = refused.expect_err("rows of 404 bytes in a buffer").to_string();
        assert!(refused.contains("COPY_BYTES_PER_ROW_ALIGNMENT"), "{refused}");

        // Padded they pass, in strips, and come back without the padding.
        let mut upload = StripUpload::new(&gpu, width, height).expect("a staging buffer");
        let row_bytes = width as usize * 4;
        let turned = |rows: Range<u32>, sink: &mut RowSink<'_>| {
            for row in rows {
                sink.put(&sent[(height - 1 - row) as usize * row_bytes..][..row_bytes]);
            }
        };
        upload.write(&gpu, &texture, 0, height, &|| Ok(()), &turned).expect("an upload");
        upload.finish(&gpu, &|| Ok(())).expect("an end");
        let flipped: Vec<u8> = sent.chunks_exact(row_bytes).rev().flatten().copied().collect();
        assert_eq!(read_texture(&gpu, &texture, [0, 0], [width, height]).expect("a readback"), flipped);
    }

    #[test]
    fn strips_in_flight_arrive_in_their_places_whoever_fills_them() {
        let gpu = crate::gpu::context::context(&crate::gpu::adapter::AdapterChoice::Auto)
            .expect("an adapter")
            .allocator(crate::gpu::memory::Budget::common());
        // Wide enough for several fillers a strip and several strips.
        let (width, height) = (4099u32, 1600u32);
        let usage =
            wgpu::TextureUsages::COPY_DST | wgpu::TextureUsages::COPY_SRC | wgpu::TextureUsages::TEXTURE_BINDING;
        let texture = gpu
            .texture("forge3d.test.texture", [width, height], wgpu::TextureFormat::R32Float, usage)
            .expect("a texture");
        let mut upload = StripUpload::new(&gpu, width, height).expect("staging buffers");
        assert!(upload.rows_per_strip * 3 < height);
        let fill = |rows: Range<u32>, sink: &mut RowSink<'_>| {
            for row in rows {
                let values: Vec<f32> = (0..width).map(|col| (row * width + col) as f32).collect();
                sink.put(bytemuck::cast_slice(&values));
            }
        };
        let mut row = 0;
        while row < height {
            let rows = upload.rows_per_strip.min(height - row);
            upload.write(&gpu, &texture, row, rows, &|| Ok(()), &fill).expect("a strip");
            row += rows;
        }
        upload.finish(&gpu, &|| Ok(())).expect("an end");
        for first in [0, 511, 1599] {
            let bytes = read_texture(&gpu, &texture, [0, first], [width, 1]).expect("a row");
            let values: Vec<f32> = bytemuck::pod_collect_to_vec(&bytes);
            assert!(values.iter().zip(first * width..).all(|(value, at)| *value == at as f32), "row {first}");
        }
    }
}
