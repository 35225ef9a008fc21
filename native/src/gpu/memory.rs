//! The memory the renderers hold: every buffer and texture is reserved before it is made, and freed with its owner. The only
//! file that makes either.
//!
//! The ledger is one for the process and outlives devices: closing one loses no count. What may be held is decided by
//! budgets, its children: a renderer has one of its own, or shares the common one. No budget knows another's limits.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::error::{RenderError, Result};
pub use crate::gpu::default_budget::Limits;
use crate::gpu::device::Device;

const MIB: u64 = 1 << 20;

/// What a reservation is for, and so which counts and limits it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resource {
    Buffer { host_visible: bool },
    Texture,
}

/// Live bytes and how many owners they have.
#[derive(Debug, Clone, Default)]
struct Held {
    buffer_count: u64,
    buffer_bytes: u64,
    texture_count: u64,
    texture_bytes: u64,
    host_visible_bytes: u64,
    by_label: BTreeMap<&'static str, u64>,
}

impl Held {
    fn total(&self) -> u64 {
        self.buffer_bytes + self.texture_bytes
    }

    fn add(&mut self, label: &'static str, bytes: u64, resource: Resource) {
        match resource {
            Resource::Buffer { host_visible } => {
                self.buffer_count += 1;
                self.buffer_bytes += bytes;
                self.host_visible_bytes += if host_visible { bytes } else { 0 };
            }
            Resource::Texture => {
                self.texture_count += 1;
                self.texture_bytes += bytes;
            }
        }
        *self.by_label.entry(label).or_default() += bytes;
    }

    fn remove(&mut self, label: &'static str, bytes: u64, resource: Resource) {
        match resource {
            Resource::Buffer { host_visible } => {
                self.buffer_count -= 1;
                self.buffer_bytes -= bytes;
                self.host_visible_bytes -= if host_visible { bytes } else { 0 };
            }
            Resource::Texture => {
                self.texture_count -= 1;
                self.texture_bytes -= bytes;
            }
        }
        if let Some(held) = self.by_label.get_mut(label) {
            *held -= bytes;
            if *held == 0 {
                self.by_label.remove(label);
            }
        }
    }

    /// Largest labels first, five at most.
    fn top(&self) -> Vec<(String, u64)> {
        let mut top: Vec<(String, u64)> =
            self.by_label.iter().map(|(label, bytes)| ((*label).to_owned(), *bytes)).collect();
        top.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        top.truncate(5);
        top
    }
}

/// A copy of the process ledger's numbers.
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
    /// Limits of the common budget.
    pub limits: Option<Limits>,
    /// What is held of it.
    pub common_bytes: u64,
    /// Whether every budget keeps its limits (one that was lowered later may be passed).
    pub within_budget: bool,
    /// Largest labels first, five at most.
    pub top: Vec<(String, u64)>,
}

impl MemoryMetrics {
    /// All live bytes.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.buffer_bytes + self.texture_bytes
    }
}

#[derive(Debug, Default)]
struct LedgerState {
    held: Held,
    peak_bytes: u64,
    allocation_count: u64,
    /// Budgets that are over their limits now.
    passed: u64,
    /// Default limits of the adapter that was used last.
    default: Option<Limits>,
}

static LEDGER: LazyLock<Mutex<LedgerState>> = LazyLock::new(Mutex::default);
static COMMON: LazyLock<Arc<Budget>> = LazyLock::new(|| Arc::new(Budget::unlimited()));

fn ledger() -> MutexGuard<'static, LedgerState> {
    LEDGER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The numbers of the whole process now.
#[must_use]
pub fn metrics() -> MemoryMetrics {
    // Budget before ledger, here as in every reservation: one order, no deadlock.
    let common = COMMON.state();
    let state = ledger();
    let limits = common.limits.or(state.default);
    let common_fits = limits.is_none_or(|limits| common.fits(limits));
    MemoryMetrics {
        buffer_count: state.held.buffer_count,
        buffer_bytes: state.held.buffer_bytes,
        texture_count: state.held.texture_count,
        texture_bytes: state.held.texture_bytes,
        host_visible_bytes: state.held.host_visible_bytes,
        peak_bytes: state.peak_bytes,
        allocation_count: state.allocation_count,
        limits,
        common_bytes: common.held.total(),
        within_budget: common_fits && state.passed == 0,
        top: state.held.top(),
    }
}

/// Tells the ledger which limits the common budget has while nobody chose any: those of the adapter in use.
pub(crate) fn set_default_limits(limits: Limits) {
    ledger().default = Some(limits);
}

#[derive(Debug, Default)]
struct BudgetState {
    limits: Option<Limits>,
    held: Held,
    passed: bool,
}

impl BudgetState {
    fn fits(&self, limits: Limits) -> bool {
        self.held.total() <= limits.total && self.held.host_visible_bytes <= limits.host_visible
    }
}

/// What one renderer, or all that have no budget of their own, may hold.
#[derive(Debug)]
pub struct Budget {
    state: Mutex<BudgetState>,
}

impl Budget {
    fn unlimited() -> Self {
        Self { state: Mutex::default() }
    }

    /// A renderer's own: `total` bytes, of them as many host-visible as the adapter's default allows.
    #[must_use]
    pub fn own(total: u64, host_visible: u64) -> Arc<Self> {
        let budget = Self::unlimited();
        budget.state().limits = Some(Limits { host_visible, total });
        Arc::new(budget)
    }

    /// The one of all renderers without a budget of their own.
    #[must_use]
    pub fn common() -> Arc<Self> {
        Arc::clone(&COMMON)
    }

    fn state(&self) -> MutexGuard<'_, BudgetState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets limits; `None` is the default of the adapter in use. What is held stays.
    pub fn set_limits(&self, limits: Option<Limits>) {
        let mut state = self.state();
        state.limits = limits;
        self.note_passed(&mut state);
    }

    /// The limits in force and the bytes held, total and host-visible.
    #[must_use]
    pub fn now(&self) -> (Limits, u64, u64) {
        let state = self.state();
        let limits = state.limits.or(ledger().default).unwrap_or(Limits { host_visible: u64::MAX, total: u64::MAX });
        (limits, state.held.total(), state.held.host_visible_bytes)
    }

    fn note_passed(&self, state: &mut BudgetState) {
        let passed = state.limits.is_some_and(|limits| !state.fits(limits));
        if passed != state.passed && !std::ptr::eq(self, &raw const **COMMON) {
            let mut ledger = ledger();
            ledger.passed = if passed { ledger.passed + 1 } else { ledger.passed - 1 };
        }
        state.passed = passed;
    }

    /// Counts `bytes` in this budget, and in the process's ledger unless they stand there already (`shared`).
    fn reserve(
        self: &Arc<Self>,
        label: &'static str,
        bytes: u64,
        resource: Resource,
        shared: bool,
    ) -> Result<Reservation> {
        let mut state = self.state();
        let limits = state.limits.or(ledger().default);
        if let Some(Limits { host_visible, total }) = limits {
            let refused = match resource {
                Resource::Buffer { host_visible: true }
                    if state.held.host_visible_bytes.saturating_add(bytes) > host_visible =>
                {
                    Some(("host-visible", state.held.host_visible_bytes, host_visible))
                }
                _ if state.held.total().saturating_add(bytes) > total => Some(("total", state.held.total(), total)),
                _ => None,
            };
            if let Some((which, held, limit)) = refused {
                return Err(refusal(label, bytes, which, held, limit, &state.held.top()));
            }
        }
        state.held.add(label, bytes, resource);
        let mut ledger = ledger();
        if !shared {
            ledger.held.add(label, bytes, resource);
            ledger.allocation_count += 1;
            ledger.peak_bytes = ledger.peak_bytes.max(ledger.held.total());
        }
        drop((ledger, state));
        Ok(Reservation { budget: Arc::clone(self), label, bytes, resource, shared })
    }
}

fn refusal(label: &str, bytes: u64, which: &str, held: u64, limit: u64, top: &[(String, u64)]) -> RenderError {
    let top: Vec<String> = top.iter().map(|(label, bytes)| format!("{label} {}", in_mib(*bytes))).collect();
    let top =
        if top.is_empty() { "nothing else is held".to_owned() } else { format!("top consumers: {}", top.join(", ")) };
    RenderError::Budget(format!(
        "{label}: expected at most {} more within the {which} limit of {}; got {}; {top}; \
         fix: read the DEM at a lower resolution, make the picture smaller, or raise the memory budget",
        in_mib(limit.saturating_sub(held)),
        in_mib(limit),
        in_mib(bytes)
    ))
}

fn in_mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / MIB as f64)
}

/// Bytes promised to one owner; given back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<Budget>,
    label: &'static str,
    bytes: u64,
    resource: Resource,
    shared: bool,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut state = self.budget.state();
        state.held.remove(self.label, self.bytes, self.resource);
        self.budget.note_passed(&mut state);
        if !self.shared {
            ledger().held.remove(self.label, self.bytes, self.resource);
        }
    }
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
        self.budget.reserve(label, bytes, Resource::Texture, true).map(Some)
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
        let reservation = self.budget.reserve(label, size, Resource::Buffer { host_visible }, false)?;
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
        let reservation = self.budget.reserve(label, texture_bytes(size, format), Resource::Texture, false)?;
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

/// Bytes of a 2D texture of one level.
#[must_use]
pub fn texture_bytes(size: [u32; 2], format: wgpu::TextureFormat) -> u64 {
    let pixels = u64::from(size[0]) * u64::from(size[1]);
    pixels.saturating_mul(u64::from(format.block_copy_size(None).unwrap_or(16)))
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

#[cfg(test)]
mod tests {
    use super::*;

    const BUFFER: Resource = Resource::Buffer { host_visible: false };

    #[test]
    fn budgets_do_not_know_each_other_and_the_process_counts_what_is_shared_once() {
        let (first, second) = (Budget::own(1000, 1000), Budget::own(500, 500));
        let before = metrics().total_bytes();
        let held = first.reserve("forge3d.test", 900, BUFFER, false).expect("it fits");
        let other = second.reserve("forge3d.test", 400, BUFFER, false).expect("the first budget is not asked");
        let text = second.reserve("forge3d.test.more", 200, BUFFER, false).expect_err("too much").to_string();
        assert!(text.contains("forge3d.test.more") && text.contains("top consumers: forge3d.test 0.0 MiB"), "{text}");
        drop(other);
        let shared = second.reserve("forge3d.test", 450, Resource::Texture, true).expect("it fits");
        assert_eq!(second.now().1, 450);
        assert_eq!(metrics().total_bytes() - before, 900);
        drop((held, shared));
        assert_eq!((first.now().1, second.now().1, metrics().total_bytes()), (0, 0, before));
    }

    #[test]
    fn a_limit_lowered_under_what_is_held_is_told_until_enough_is_freed() {
        let budget = Budget::own(1000, 1000);
        let held = budget.reserve("forge3d.test", 800, BUFFER, false).expect("it fits");
        budget.set_limits(Some(Limits { host_visible: 100, total: 100 }));
        assert!(!metrics().within_budget);
        drop(held);
        assert!(metrics().within_budget);
    }
}
