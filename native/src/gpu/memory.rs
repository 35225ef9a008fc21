//! The only file that makes buffers and textures: every one is reserved before it is made, and freed with its owner. The
//! ledger that counts them is `ledger`.

use std::ops::Deref;
use std::sync::Arc;

use crate::error::{RenderError, Result};
pub use crate::gpu::default_budget::Limits;
use crate::gpu::default_budget::MemoryFacts;
use crate::gpu::device::Device;
use crate::gpu::ledger::{self, Holder, in_mib};
pub use crate::gpu::ledger::{
    Budget, BudgetPolicy, MemoryMetrics, Reservation, Resource, check_common_budget, default_limits, metrics, register,
    reset_peak, set_policy,
};
pub use crate::gpu::texture_formats::texture_bytes;

/// Lets the default limits follow what the system has free now; the limits and the facts that they go by. Those of an
/// adapter that is not in use are told and leave the ones in force alone.
pub fn follow_free_memory(device: &Device) -> (Limits, MemoryFacts) {
    ledger::follow_free_memory(&device.info.key, |held| device.memory_facts(held), false)
}

/// The same for a device that takes the place of another one: there is nothing to follow.
pub(crate) fn begin_default_limits(device: &Device) {
    ledger::follow_free_memory(&device.info.key, |held| device.memory_facts(held), true);
}

/// A device and the budget that what is made on it counts against.
#[derive(Clone)]
pub struct Allocator {
    device: Arc<Device>,
    budget: Arc<Budget>,
}

impl Deref for Allocator {
    type Target = Device;
    fn deref(&self) -> &Device {
        &self.device
    }
}

impl Allocator {
    /// What is made with it counts against `budget`.
    #[must_use]
    pub fn new(device: Arc<Device>, budget: Arc<Budget>) -> Self {
        Self { device, budget }
    }

    /// The budget.
    #[must_use]
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Whether what the other made can be used here.
    #[must_use]
    pub fn has_device_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.device, &other.device)
    }

    /// Counts what `other`'s owner made in this budget too; the process holds it once. Nothing where both are one budget.
    pub fn share(&self, other: &Self, label: &'static str, bytes: u64) -> Result<Option<Reservation>> {
        if Arc::ptr_eq(&self.budget, &other.budget) {
            return Ok(None);
        }
        self.budget.reserve(label, bytes, Resource::Texture, Holder::Other).map(Some)
    }

    /// Reserves, then makes a buffer. `size` is rounded up to the 4 bytes that copies need.
    pub fn buffer(&self, label: &'static str, size: u64, usage: wgpu::BufferUsages) -> Result<TrackedBuffer> {
        let size = size.max(4).next_multiple_of(4);
        let limit = self.max_buffer_bytes();
        if size > limit {
            return Err(RenderError::Budget(format!(
                "{label}: expected a buffer of at most {} on this adapter; got {}; fix: a smaller picture or DEM",
                in_mib(limit),
                in_mib(size)
            )));
        }
        let host_visible = usage.intersects(wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::MAP_WRITE);
        let reservation = self.budget.reserve(label, size, Resource::Buffer { host_visible }, Holder::Device)?;
        let described = wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false };
        let buffer = self.device.allocated(|| self.device.device.create_buffer(&described))?;
        Ok(TrackedBuffer { buffer, _reservation: reservation })
    }

    /// Reserves, then makes a 2D texture of one level.
    pub fn texture(
        &self,
        label: &'static str,
        size: [u32; 2],
        format: wgpu::TextureFormat,
        usage: wgpu::TextureUsages,
    ) -> Result<TrackedTexture> {
        let limit = self.max_texture_side();
        if size.iter().any(|&side| side == 0 || side > limit) {
            return Err(RenderError::Input(format!(
                "{label}: expected sides of 1..{limit}, the adapter's limit; got {}×{}; fix: a lower resolution",
                size[0], size[1]
            )));
        }
        let reservation = self.budget.reserve(label, texture_bytes(size, format), Resource::Texture, Holder::Device)?;
        let described = wgpu::TextureDescriptor {
            label: Some(label),
            size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage,
            view_formats: &[],
        };
        let texture = self.device.allocated(|| self.device.device.create_texture(&described))?;
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        Ok(TrackedTexture { texture, view, _reservation: reservation })
    }
}

/// A buffer that is counted as long as it lives.
pub struct TrackedBuffer {
    buffer: wgpu::Buffer,
    _reservation: Reservation,
}

impl Deref for TrackedBuffer {
    type Target = wgpu::Buffer;
    fn deref(&self) -> &wgpu::Buffer {
        &self.buffer
    }
}

impl Drop for TrackedBuffer {
    fn drop(&mut self) {
        // Bind groups hold their buffers too: without this the bytes would outlive the count.
        self.buffer.destroy();
    }
}

/// A texture and its one view, counted as long as they live.
pub struct TrackedTexture {
    texture: wgpu::Texture,
    view: wgpu::TextureView,
    _reservation: Reservation,
}

impl TrackedTexture {
    /// Its view.
    #[must_use]
    pub fn view(&self) -> &wgpu::TextureView {
        &self.view
    }
}

impl Deref for TrackedTexture {
    type Target = wgpu::Texture;
    fn deref(&self) -> &wgpu::Texture {
        &self.texture
    }
}

impl Drop for TrackedTexture {
    fn drop(&mut self) {
        self.texture.destroy();
    }
}
