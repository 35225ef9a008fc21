//! What wgpu does not tell of an adapter, asked of its driver: version, heaps, memory in use. Vulkan alone is asked.

#[cfg(not(target_vendor = "apple"))]
use ash::vk;

/// A heap of memory that a driver gives from. Sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heap {
    /// All of it.
    pub size: u64,
    /// Whether it is the adapter's own, or as near to it.
    pub device_local: bool,
    /// Whether the processor can map some memory of it.
    pub host_visible: bool,
    /// The driver's flags of the heap and of the types of memory in it, by their names in Vulkan without what all have.
    pub flags: Vec<&'static str>,
    /// What this process has of it, where the driver tells.
    pub used: Option<u64>,
    /// What this process may have of it now, where the driver tells.
    pub budget: Option<u64>,
}

#[cfg(not(target_vendor = "apple"))]
const MEMORY_FLAGS: [(vk::MemoryPropertyFlags, &str); 5] = [
    (vk::MemoryPropertyFlags::DEVICE_LOCAL, "device_local"),
    (vk::MemoryPropertyFlags::HOST_VISIBLE, "host_visible"),
    (vk::MemoryPropertyFlags::HOST_COHERENT, "host_coherent"),
    (vk::MemoryPropertyFlags::HOST_CACHED, "host_cached"),
    (vk::MemoryPropertyFlags::LAZILY_ALLOCATED, "lazily_allocated"),
];

/// The heaps of an adapter; none where its backend does not tell.
#[cfg(not(target_vendor = "apple"))]
pub(crate) fn heaps(adapter: &wgpu::Adapter) -> Option<Vec<Heap>> {
    // SAFETY: the handles are only asked for properties, while the adapter lives; nothing is destroyed.
    unsafe {
        let vulkan = adapter.as_hal::<wgpu::hal::api::Vulkan>()?;
        let shared = vulkan.shared_instance();
        let (instance, physical) = (shared.raw_instance(), vulkan.raw_physical_device());
        let capabilities = vulkan.physical_device_capabilities();
        let version = shared.instance_api_version().min(capabilities.properties().api_version);
        let mut budget = vk::PhysicalDeviceMemoryBudgetPropertiesEXT::default();
        // The call that takes a chain is part of Vulkan 1.1; before that the loader has no such function.
        let tells_budget =
            version >= vk::API_VERSION_1_1 && capabilities.supports_extension(ash::ext::memory_budget::NAME);
        let memory = if tells_budget {
            let mut chain = vk::PhysicalDeviceMemoryProperties2::default().push_next(&mut budget);
            instance.get_physical_device_memory_properties2(physical, &mut chain);
            chain.memory_properties
        } else {
            instance.get_physical_device_memory_properties(physical)
        };
        let described = memory.memory_heaps_as_slice().iter().enumerate().map(|(index, heap)| {
            let types: vk::MemoryPropertyFlags = memory
                .memory_types_as_slice()
                .iter()
                .filter(|kind| kind.heap_index as usize == index)
                .fold(vk::MemoryPropertyFlags::empty(), |all, kind| all | kind.property_flags);
            let mut flags: Vec<_> =
                MEMORY_FLAGS.iter().filter(|(flag, _)| types.contains(*flag)).map(|(_, name)| *name).collect();
            if heap.flags.contains(vk::MemoryHeapFlags::MULTI_INSTANCE) {
                flags.push("multi_instance");
            }
            Heap {
                size: heap.size,
                device_local: heap.flags.contains(vk::MemoryHeapFlags::DEVICE_LOCAL),
                host_visible: types.contains(vk::MemoryPropertyFlags::HOST_VISIBLE),
                flags,
                used: tells_budget.then(|| budget.heap_usage[index]),
                budget: tells_budget.then(|| budget.heap_budget[index]),
            }
        });
        Some(described.collect())
    }
}

/// The version of Vulkan that the adapter speaks, such as 1.3.238; none for another backend.
#[cfg(not(target_vendor = "apple"))]
pub(crate) fn api_version(adapter: &wgpu::Adapter) -> Option<String> {
    // SAFETY: the handle is only asked for properties, while the adapter lives.
    let version =
        unsafe { adapter.as_hal::<wgpu::hal::api::Vulkan>()?.physical_device_capabilities().properties().api_version };
    let [major, minor, patch] =
        [vk::api_version_major, vk::api_version_minor, vk::api_version_patch].map(|f| f(version));
    Some(format!("{major}.{minor}.{patch}"))
}

/// Whether this instance draws by Vulkan and its loader knows no validation layer.
#[cfg(not(target_vendor = "apple"))]
pub(crate) fn lacks_validation_layer(instance: &wgpu::Instance) -> bool {
    // SAFETY: the entry is only asked which layers there are, while the instance lives.
    unsafe {
        let Some(vulkan) = instance.as_hal::<wgpu::hal::api::Vulkan>() else { return false };
        let layers = vulkan.shared_instance().entry().enumerate_instance_layer_properties().unwrap_or_default();
        !layers.iter().any(|layer| layer.layer_name_as_c_str() == Ok(c"VK_LAYER_KHRONOS_validation"))
    }
}

/// Metal tells nothing of the kind.
#[cfg(target_vendor = "apple")]
pub(crate) fn heaps(_: &wgpu::Adapter) -> Option<Vec<Heap>> {
    None
}

/// Metal has no number here.
#[cfg(target_vendor = "apple")]
pub(crate) fn api_version(_: &wgpu::Adapter) -> Option<String> {
    None
}

/// Metal brings its checks along.
#[cfg(target_vendor = "apple")]
pub(crate) fn lacks_validation_layer(_: &wgpu::Instance) -> bool {
    false
}

/// Bytes of the adapter's own memory: a card may show a small second heap, the largest is it. None where nobody tells.
pub(crate) fn device_memory_bytes(adapter: &wgpu::Adapter) -> Option<u64> {
    heaps(adapter)?.iter().filter(|heap| heap.device_local).map(|heap| heap.size).max()
}
