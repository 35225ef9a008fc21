//! Bytes to and from the GPU: padded rows, strip upload, readback.

use crate::error::{RenderError, Result};
use crate::gpu::context::GpuContext;
use crate::gpu::memory::{TrackedBuffer, TrackedTexture};

/// Upload goes through one buffer of at most this size, however large the texture.
pub const STAGING_BYTES: u64 = 16 << 20;

/// Bytes of a row in a buffer that a texture is copied from or to: wgpu wants multiples of 256 there (and only there:
/// `Queue::write_texture` takes any row length).
#[must_use]
pub fn padded_row_bytes(row_bytes: u64) -> u64 {
    row_bytes.next_multiple_of(u64::from(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT))
}

/// Brings rows of 4-byte pixels to a texture through one reusable staging buffer.
pub struct StripUpload {
    staging: TrackedBuffer,
    row_bytes: u64,
    padded: u64,
    /// Rows that fit into the staging buffer at once.
    pub rows_per_strip: u32,
}

impl StripUpload {
    /// A staging buffer for rows of `width` pixels, for a texture of `height` rows.
    pub fn new(gpu: &GpuContext, width: u32, height: u32) -> Result<Self> {
        let row_bytes = u64::from(width) * 4;
        let padded = padded_row_bytes(row_bytes);
        let rows_per_strip = (STAGING_BYTES / padded).clamp(1, u64::from(height)) as u32;
        let staging = TrackedBuffer::new(
            gpu,
            "forge3d.upload.staging",
            padded * u64::from(rows_per_strip),
            wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
        )?;
        Ok(Self { staging, row_bytes, padded, rows_per_strip })
    }

    /// Writes `rows` rows from `first_row` on; `fill(row, bytes)` makes each. Waits until the GPU has them, or until `stop`
    /// answers with an error.
    pub fn write(
        &self,
        gpu: &GpuContext,
        texture: &TrackedTexture,
        first_row: u32,
        rows: u32,
        stop: &dyn Fn() -> Result<()>,
        mut fill: impl FnMut(u32, &mut [u8]),
    ) -> Result<()> {
        map(gpu, &self.staging, wgpu::MapMode::Write, stop)?;
        {
            let mut view = self
                .staging
                .slice(..)
                .get_mapped_range_mut()
                .map_err(|error| RenderError::Upload(error.to_string()))?;
            let mut row_buffer = vec![0u8; self.row_bytes as usize];
            for row in 0..rows {
                fill(first_row + row, &mut row_buffer);
                let start = (u64::from(row) * self.padded) as usize;
                view.slice(start..start + self.row_bytes as usize).copy_from_slice(&row_buffer);
            }
        }
        self.staging.unmap();
        let mut encoder =
            gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("forge3d.upload") });
        encoder.copy_buffer_to_texture(
            wgpu::TexelCopyBufferInfo {
                buffer: &self.staging,
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
        let index = gpu.queue.submit([encoder.finish()]);
        gpu.wait_unless(Some(index), stop)
    }
}

/// Reads a rectangle of a texture of 4-byte pixels, strip by strip; rows come back without padding.
pub fn read_texture(gpu: &GpuContext, texture: &TrackedTexture, origin: [u32; 2], size: [u32; 2]) -> Result<Vec<u8>> {
    let row_bytes = u64::from(size[0]) * 4;
    let padded = padded_row_bytes(row_bytes);
    let rows_per_strip = (STAGING_BYTES / padded).clamp(1, u64::from(size[1])) as u32;
    let buffer = TrackedBuffer::new(
        gpu,
        "forge3d.readback.patch",
        padded * u64::from(rows_per_strip),
        wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
    )?;
    let mut out = Vec::with_capacity((row_bytes * u64::from(size[1])) as usize);
    let mut row = 0;
    while row < size[1] {
        let rows = rows_per_strip.min(size[1] - row);
        let mut encoder = gpu
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("forge3d.readback.patch") });
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

/// Reads a part of a buffer.
pub fn read_buffer(gpu: &GpuContext, buffer: &TrackedBuffer, offset: u64, bytes: u64) -> Result<Vec<u8>> {
    let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
    let readback = TrackedBuffer::new(gpu, "forge3d.readback.part", bytes, usage)?;
    let mut encoder =
        gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("forge3d.readback.part") });
    encoder.copy_buffer_to_buffer(buffer, offset, &readback, 0, bytes);
    gpu.submit_and_wait(encoder)?;
    read_mapped(gpu, &readback, bytes, <[u8]>::to_vec)
}

/// Maps the first `bytes` bytes of a readback buffer for the time of `take`.
pub fn read_mapped<T>(
    gpu: &GpuContext,
    buffer: &TrackedBuffer,
    bytes: u64,
    take: impl FnOnce(&[u8]) -> T,
) -> Result<T> {
    map(gpu, buffer, wgpu::MapMode::Read, &|| Ok(()))?;
    let value = {
        let view =
            buffer.slice(..bytes).get_mapped_range().map_err(|error| RenderError::Readback(error.to_string()))?;
        take(&view)
    };
    buffer.unmap();
    Ok(value)
}

fn map(gpu: &GpuContext, buffer: &TrackedBuffer, mode: wgpu::MapMode, stop: &dyn Fn() -> Result<()>) -> Result<()> {
    let (sender, receiver) = std::sync::mpsc::channel();
    buffer.slice(..).map_async(mode, move |result| {
        // The receiver lives until the answer came or the wait failed: nobody to tell in the second case.
        let _ = sender.send(result);
    });
    gpu.wait_unless(None, stop)?;
    // The callback may run in another thread's poll, a moment after ours returned.
    match receiver.recv_timeout(std::time::Duration::from_secs(10)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(RenderError::Readback(format!("mapping failed: {error}"))),
        Err(_) => Err(RenderError::Readback("mapping did not finish; the device may be lost".into())),
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
        let gpu = crate::gpu::context::context(&crate::gpu::context::AdapterChoice::Auto)
            .expect("an adapter: the set-up installs the software one");
        let (width, height) = (101u32, 50u32);
        let usage =
            wgpu::TextureUsages::COPY_DST | wgpu::TextureUsages::COPY_SRC | wgpu::TextureUsages::TEXTURE_BINDING;
        let texture =
            TrackedTexture::new(&gpu, "forge3d.test.texture", [width, height], wgpu::TextureFormat::R32Float, usage)
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
        let buffer = TrackedBuffer::new(&gpu, "forge3d.test.buffer", sent.len() as u64, wgpu::BufferUsages::COPY_SRC)
            .expect("a buffer");
        let refused = gpu.scoped(RenderError::Upload, || {
            let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
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
        let upload = StripUpload::new(&gpu, width, height).expect("a staging buffer");
        let row_bytes = width as usize * 4;
        upload
            .write(&gpu, &texture, 0, height, &|| Ok(()), |row, out| {
                out.copy_from_slice(&sent[(height - 1 - row) as usize * row_bytes..][..row_bytes])
            })
            .expect("an upload");
        let flipped: Vec<u8> = sent.chunks_exact(row_bytes).rev().flatten().copied().collect();
        assert_eq!(read_texture(&gpu, &texture, [0, 0], [width, height]).expect("a readback"), flipped);
    }
}
