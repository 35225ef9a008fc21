//! The memory budget when nobody chose one: one rule for all kinds of adapters, with the facts that it went by.

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

/// What the rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryFacts {
    /// What the adapter is.
    pub kind: AdapterKind,
    /// Bytes of the adapter's own memory, where its backend tells.
    pub device_memory: Option<u64>,
    /// Bytes of system memory that are free for this process, its container's limit regarded.
    pub free_memory: u64,
}

impl MemoryFacts {
    /// The facts of now.
    #[must_use]
    pub fn of(kind: AdapterKind, device_memory: Option<u64>) -> Self {
        Self { kind, device_memory, free_memory: free_memory() }
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

/// Bytes of system memory that this process may still take; 2 GiB where the system does not tell.
fn free_memory() -> u64 {
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
    fn this_machine_tells_how_much_is_free() {
        assert!(free_memory() > 64 * MIB);
    }
}
