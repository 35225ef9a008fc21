//! The memory budget when nobody chose one: one rule for all kinds of adapters, with the facts that it went by, and how it
//! follows the system while the program runs.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::gpu::adapter::AdapterKind;

const MIB: u64 = 1 << 20;
/// Below this not even a small picture of a small DEM can be drawn.
const LEAST: u64 = 128 * MIB;

/// Two limits in bytes: of what the host can see (staging, readback) and of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Buffers the host maps.
    pub host_visible: u64,
    /// All buffers and textures.
    pub total: u64,
}

/// Bytes that renderers hold on devices now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// All of it.
    pub total: u64,
    /// Of it, what is system memory also where the adapter has its own.
    pub of_host: u64,
}

impl Limits {
    /// These limits, or `fresh` ones where those are lower, or higher by enough to matter. Free memory never rests: a
    /// budget that moved with each breath of it would have pictures come and go. It falls by an eighth before it is
    /// followed, and rises by a quarter.
    #[must_use]
    pub fn followed_by(self, fresh: Self) -> Self {
        let falls = fresh.total <= self.total / 8 * 7;
        let rises = fresh.total >= self.total.saturating_add(self.total / 4);
        if falls || rises || fresh.host_visible != self.host_visible { fresh } else { self }
    }
}

/// What the rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryFacts {
    /// What the adapter is.
    pub kind: AdapterKind,
    /// Bytes of the adapter's own memory, where its backend tells.
    pub device_memory: Option<u64>,
    /// Bytes of system memory that this process may have, its container's limit regarded: what is free, and what the
    /// renderers hold of it already.
    pub free_memory: u64,
}

impl MemoryFacts {
    /// The facts of now, `held` by renderers already. What they hold was given to them: it does not make memory short.
    #[must_use]
    pub fn of(kind: AdapterKind, device_memory: Option<u64>, held: Held) -> Self {
        let of_system = if kind.shares_system_memory() { held.total } else { held.of_host };
        Self { kind, device_memory, free_memory: free_memory().saturating_add(of_system) }
    }

    /// An eighth of the free system memory: on integrated and software adapters all that the renderer holds is that memory,
    /// and other programs want theirs. A card with memory of its own: half of it, and no more than a quarter of the free
    /// system memory, since heights pass through an array there. A card that does not tell is taken for one of 4 GiB.
    #[must_use]
    pub fn default_limits(&self) -> Limits {
        if self.kind.shares_system_memory() {
            Limits { host_visible: 256 * MIB, total: (self.free_memory / 8).max(LEAST) }
        } else {
            let own = self.device_memory.unwrap_or(4096 * MIB) / 2;
            Limits { host_visible: 512 * MIB, total: own.min(self.free_memory / 4).max(LEAST) }
        }
    }
}

/// What tests make of the free memory; `u64::MAX` while it is the system's.
static ASSUMED_FREE: AtomicU64 = AtomicU64::new(u64::MAX);

/// Takes so many bytes for free from now on; none for what the system says. For tests of what happens when memory is
/// short.
pub fn assume_free_memory(bytes: Option<u64>) {
    ASSUMED_FREE.store(bytes.unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// Bytes of system memory that this process may still take; 2 GiB where the system does not tell. Takes 33 µs.
fn free_memory() -> u64 {
    let assumed = ASSUMED_FREE.load(Ordering::Relaxed);
    if assumed != u64::MAX {
        return assumed;
    }
    let mut system = sysinfo::System::new();
    system.refresh_memory_specifics(sysinfo::MemoryRefreshKind::nothing().with_ram());
    let mut free = system.available_memory();
    if let Some(container) = system.cgroup_limits() {
        // Not its free_memory: that counts the file cache as taken, which the kernel gives back when it is needed.
        free = free.min(container.total_memory.saturating_sub(container.rss));
    }
    if free == 0 { 2048 * MIB } else { free }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total_in_mib(kind: AdapterKind, device_gib: Option<u64>, free_gib: u64) -> u64 {
        let facts = MemoryFacts { kind, device_memory: device_gib.map(|gib| gib << 30), free_memory: free_gib << 30 };
        facts.default_limits().total / MIB
    }

    #[test]
    fn memory_that_is_shared_gives_an_eighth_of_what_is_free() {
        assert_eq!(total_in_mib(AdapterKind::Integrated, None, 16), 2048);
        assert_eq!(total_in_mib(AdapterKind::Software, Some(64), 16), 2048);
        assert_eq!(total_in_mib(AdapterKind::Software, None, 64), 8192);
        assert_eq!(total_in_mib(AdapterKind::Other, None, 0), 128);
    }

    #[test]
    fn a_card_gives_half_of_its_own_memory_where_the_system_has_room_too() {
        assert_eq!(total_in_mib(AdapterKind::Discrete, Some(6), 32), 3072);
        assert_eq!(total_in_mib(AdapterKind::Discrete, Some(80), 32), 8192);
        assert_eq!(total_in_mib(AdapterKind::Discrete, None, 32), 2048);
        assert_eq!(total_in_mib(AdapterKind::Virtual, Some(2), 64), 1024);
    }

    #[test]
    fn the_budget_follows_large_changes_and_rests_in_small_ones() {
        let limits = |mib: u64| Limits { host_visible: 256 * MIB, total: mib * MIB };
        let now = limits(800);
        for (fresh, followed) in
            [(790, 800), (701, 800), (700, 700), (128, 128), (999, 800), (1000, 1000), (9000, 9000)]
        {
            assert_eq!(now.followed_by(limits(fresh)), limits(followed), "{fresh}");
        }
        // There and back by less than both bounds: no move at all. By more: one move each way.
        assert_eq!(limits(700).followed_by(limits(800)), limits(700));
        assert_eq!(limits(600).followed_by(limits(800)), limits(800));
    }

    #[test]
    fn this_machine_tells_how_much_is_free() {
        assert!(free_memory() > 64 * MIB);
    }
}
