//! The ledger: every buffer and texture is reserved before it is made, and freed with its owner. The only file that makes either.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{RenderError, Result};
use crate::gpu::context::{AdapterKind, GpuContext};

const MIB: u64 = 1 << 20;

/// Two limits in bytes: of what the host can see (staging, readback) and of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Buffers the host maps.
    pub host_visible: u64,
    /// All buffers and textures.
    pub total: u64,
}

impl Budget {
    /// The default of an adapter's kind. Where memory is shared, everything is the system's memory and the total is small.
    /// `device_memory`: bytes of the card's own memory, where the backend tells; 4 GiB, a small card of today, where not.
    #[must_use]
    pub fn default_for(kind: AdapterKind, device_memory: Option<u64>) -> Self {
        if kind.shares_system_memory() {
            Self { host_visible: 256 * MIB, total: (system_memory_bytes() / 4).min(512 * MIB) }
        } else {
            Self { host_visible: 512 * MIB, total: (device_memory.unwrap_or(4096 * MIB) / 2).min(4096 * MIB) }
        }
    }
}

/// Physical memory; 2 GiB where the system does not tell.
fn system_memory_bytes() -> u64 {
    #[cfg(target_os = "linux")]
    if let Ok(text) = std::fs::read_to_string("/proc/meminfo")
        && let Some(total) = text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB"))
        && let Ok(kib) = total.trim().parse::<u64>()
    {
        return kib * 1024;
    }
    2048 * MIB
}

/// Which limit and count a reservation belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Buffer { host_visible: bool },
    Texture,
}

/// A copy of the ledger's numbers.
#[derive(Debug, Clone, Default)]
pub struct MemoryMetrics {
    /// Live buffers.
    pub buffer_count: u64,
    /// Their bytes.
    pub buffer_bytes: u64,
    /// Live textures.
    pub texture_count: u64,
    /// Their bytes.
    pub texture_bytes: u64,
    /// Bytes of mappable buffers.
    pub host_visible_bytes: u64,
    /// Highest total so far.
    pub peak_bytes: u64,
    /// Reservations made so far.
    pub allocation_count: u64,
    /// Limit of mappable bytes.
    pub host_visible_limit: u64,
    /// Limit of all bytes.
    pub total_limit: u64,
    /// Largest labels first, five at most.
    pub top: Vec<(String, u64)>,
}

impl MemoryMetrics {
    /// All live bytes.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.buffer_bytes + self.texture_bytes
    }

    /// Whether both limits are kept (a limit lowered later may be passed).
    #[must_use]
    pub fn within_budget(&self) -> bool {
        self.total_bytes() <= self.total_limit && self.host_visible_bytes <= self.host_visible_limit
    }
}

#[derive(Debug)]
struct Books {
    budget: Budget,
    numbers: MemoryMetrics,
    by_label: BTreeMap<&'static str, u64>,
}

/// Counts what is held and refuses what would pass a limit.
#[derive(Debug)]
pub struct Ledger {
    default: Budget,
    books: Mutex<Books>,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self {
            default: budget,
            books: Mutex::new(Books { budget, numbers: MemoryMetrics::default(), by_label: BTreeMap::new() }),
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets limits; `None` is the adapter's default. What is held stays.
    pub fn set_limits(&self, total: Option<u64>, host_visible: Option<u64>) {
        self.books().budget = Budget {
            total: total.unwrap_or(self.default.total),
            host_visible: host_visible.unwrap_or(self.default.host_visible),
        };
    }

    /// Takes over limits the user had set on another ledger of the same kind of adapter.
    pub(crate) fn inherit_limits(&self, other: &Self, same_kind: bool) {
        let budget = other.books().budget;
        if same_kind || budget != other.default {
            self.books().budget = budget;
        }
    }

    /// The numbers now.
    #[must_use]
    pub fn metrics(&self) -> MemoryMetrics {
        let books = self.books();
        let mut top: Vec<(String, u64)> =
            books.by_label.iter().map(|(label, bytes)| ((*label).to_owned(), *bytes)).collect();
        top.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        top.truncate(5);
        MemoryMetrics {
            host_visible_limit: books.budget.host_visible,
            total_limit: books.budget.total,
            top,
            ..books.numbers.clone()
        }
    }

    fn reserve(self: &Arc<Self>, label: &'static str, bytes: u64, sort: Sort) -> Result<Reservation> {
        let mut books = self.books();
        let Budget { host_visible, total } = books.budget;
        let refused = match sort {
            Sort::Buffer { host_visible: true }
                if books.numbers.host_visible_bytes.saturating_add(bytes) > host_visible =>
            {
                Some(("host-visible", books.numbers.host_visible_bytes, host_visible))
            }
            _ if books.numbers.total_bytes().saturating_add(bytes) > total => {
                Some(("total", books.numbers.total_bytes(), total))
            }
            _ => None,
        };
        if let Some((which, held, limit)) = refused {
            drop(books);
            let top: Vec<String> =
                self.metrics().top.iter().map(|(label, bytes)| format!("{label} {}", in_mib(*bytes))).collect();
            let top = if top.is_empty() {
                "nothing else is held".to_owned()
            } else {
                format!("top consumers: {}", top.join(", "))
            };
            return Err(RenderError::Budget(format!(
                "{label}: expected at most {} more within the {which} limit of {}; got {}; {top}; \
                 fix: read the DEM at a lower resolution, make the picture smaller, or raise the memory budget",
                in_mib(limit.saturating_sub(held)),
                in_mib(limit),
                in_mib(bytes)
            )));
        }
        match sort {
            Sort::Buffer { host_visible } => {
                books.numbers.buffer_count += 1;
                books.numbers.buffer_bytes += bytes;
                if host_visible {
                    books.numbers.host_visible_bytes += bytes;
                }
            }
            Sort::Texture => {
                books.numbers.texture_count += 1;
                books.numbers.texture_bytes += bytes;
            }
        }
        books.numbers.allocation_count += 1;
        books.numbers.peak_bytes = books.numbers.peak_bytes.max(books.numbers.total_bytes());
        *books.by_label.entry(label).or_default() += bytes;
        drop(books);
        Ok(Reservation { ledger: Arc::clone(self), label, bytes, sort })
    }
}

fn in_mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / MIB as f64)
}

/// Bytes promised to one owner; given back when it is dropped.
#[derive(Debug)]
struct Reservation {
    ledger: Arc<Ledger>,
    label: &'static str,
    bytes: u64,
    sort: Sort,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut books = self.ledger.books();
        match self.sort {
            Sort::Buffer { host_visible } => {
                books.numbers.buffer_count -= 1;
                books.numbers.buffer_bytes -= self.bytes;
                if host_visible {
                    books.numbers.host_visible_bytes -= self.bytes;
                }
            }
            Sort::Texture => {
                books.numbers.texture_count -= 1;
                books.numbers.texture_bytes -= self.bytes;
            }
        }
        if let Some(held) = books.by_label.get_mut(self.label) {
            *held -= self.bytes;
            if *held == 0 {
                books.by_label.remove(self.label);
            }
        }
    }
}

/// A buffer that is counted as long as it lives.
pub struct TrackedBuffer {
    buffer: wgpu::Buffer,
    _reservation: Reservation,
}

impl TrackedBuffer {
    /// Reserves, then makes it. `size` is rounded up to the 4 bytes that copies need.
    pub fn new(gpu: &GpuContext, label: &'static str, size: u64, usage: wgpu::BufferUsages) -> Result<Self> {
        let size = size.max(4).next_multiple_of(4);
        let limit = gpu.device.limits().max_buffer_size;
        if size > limit {
            return Err(RenderError::Budget(format!(
                "{label}: expected a buffer of at most {} on this adapter; got {}; fix: a smaller picture or DEM",
                in_mib(limit),
                in_mib(size)
            )));
        }
        let host_visible = usage.intersects(wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::MAP_WRITE);
        let reservation = gpu.ledger.reserve(label, size, Sort::Buffer { host_visible })?;
        let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage,
            mapped_at_creation: false,
        });
        Ok(Self { buffer, _reservation: reservation })
    }
}

impl std::ops::Deref for TrackedBuffer {
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
    /// Reserves, then makes a 2D texture of one level.
    pub fn new(
        gpu: &GpuContext,
        label: &'static str,
        size: [u32; 2],
        format: wgpu::TextureFormat,
        usage: wgpu::TextureUsages,
    ) -> Result<Self> {
        let limit = gpu.max_texture_side();
        if size.iter().any(|&side| side == 0 || side > limit) {
            return Err(RenderError::Input(format!(
                "{label}: expected sides of 1..{limit}, the adapter's limit; got {}×{}; fix: read the DEM at a lower resolution",
                size[0], size[1]
            )));
        }
        let bytes_per_pixel = u64::from(format.block_copy_size(None).unwrap_or(16));
        let reservation =
            gpu.ledger.reserve(label, u64::from(size[0]) * u64::from(size[1]) * bytes_per_pixel, Sort::Texture)?;
        let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
            label: Some(label),
            size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        Ok(Self { texture, view, _reservation: reservation })
    }

    /// Its view.
    #[must_use]
    pub fn view(&self) -> &wgpu::TextureView {
        &self.view
    }
}

impl std::ops::Deref for TrackedTexture {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_follow_the_kind_of_adapter() {
        let software = Budget::default_for(AdapterKind::Software, Some(64 << 30));
        assert_eq!(software.host_visible, 256 * MIB);
        assert!(software.total <= 512 * MIB && software.total <= system_memory_bytes() / 4);
        assert_eq!(
            Budget::default_for(AdapterKind::Discrete, Some(6 << 30)),
            Budget { host_visible: 512 * MIB, total: 3072 * MIB }
        );
        assert_eq!(Budget::default_for(AdapterKind::Discrete, Some(80 << 30)).total, 4096 * MIB);
        assert_eq!(Budget::default_for(AdapterKind::Discrete, None).total, 2048 * MIB);
    }
}
