//! What can draw here: kinds of adapters, what is known of each, and the choice among them.

use std::sync::OnceLock;

use crate::error::{RenderError, Result};

/// What an adapter is, in the words the user sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdapterKind {
    /// A card with memory of its own.
    Discrete,
    /// Shares the system's memory.
    Integrated,
    /// Passed through to a virtual machine.
    Virtual,
    /// Runs on the processor: lavapipe, WARP.
    Software,
    /// Not told by the driver.
    Other,
}

impl AdapterKind {
    fn of(device_type: wgpu::DeviceType) -> Self {
        match device_type {
            wgpu::DeviceType::DiscreteGpu => Self::Discrete,
            wgpu::DeviceType::IntegratedGpu => Self::Integrated,
            wgpu::DeviceType::VirtualGpu => Self::Virtual,
            wgpu::DeviceType::Cpu => Self::Software,
            wgpu::DeviceType::Other => Self::Other,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Discrete => "discrete",
            Self::Integrated => "integrated",
            Self::Virtual => "virtual",
            Self::Software => "software",
            Self::Other => "other",
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Discrete => 0,
            Self::Integrated => 1,
            Self::Virtual => 2,
            Self::Other => 3,
            Self::Software => 4,
        }
    }

    /// Whether its memory is the system's memory.
    #[must_use]
    pub fn shares_system_memory(self) -> bool {
        !matches!(self, Self::Discrete | Self::Virtual)
    }

    /// Pixels a millisecond to expect before the first measurement: on the low side, so that the first submit is short.
    #[must_use]
    pub fn expected_rate(self) -> f64 {
        match self {
            Self::Discrete => 100_000.0,
            Self::Integrated | Self::Virtual => 10_000.0,
            Self::Software | Self::Other => 700.0,
        }
    }
}

/// One adapter as the user may choose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterInfo {
    /// Name as the driver gives it.
    pub name: String,
    /// `vulkan`, `dx12` or `metal`.
    pub backend: String,
    /// What it is.
    pub kind: AdapterKind,
    /// Driver and version.
    pub driver: String,
    /// PCI vendor.
    pub vendor: u32,
    /// PCI device.
    pub device: u32,
}

impl AdapterInfo {
    fn of(adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        Self {
            kind: AdapterKind::of(info.device_type),
            backend: info.backend.to_str().to_owned(),
            driver: [info.driver.as_str(), info.driver_info.as_str()].join(" ").trim().to_owned(),
            name: info.name,
            vendor: info.vendor,
            device: info.device,
        }
    }
}

/// Which adapter the caller wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdapterChoice {
    /// Discrete before integrated before software.
    Auto,
    /// As `Auto`, but never software.
    Hardware,
    /// Only software.
    Software,
    /// The first whose name holds this text, case ignored.
    Named(String),
}

impl AdapterChoice {
    /// Reads `auto`, `hardware`, `software` or part of a name.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.trim().to_ascii_lowercase().as_str() {
            "" | "auto" => Self::Auto,
            "hardware" => Self::Hardware,
            "software" => Self::Software,
            name => Self::Named(name.to_owned()),
        }
    }

    fn accepts(&self, info: &AdapterInfo) -> bool {
        match self {
            Self::Auto => true,
            Self::Hardware => info.kind != AdapterKind::Software,
            Self::Software => info.kind == AdapterKind::Software,
            Self::Named(name) => info.name.to_ascii_lowercase().contains(name),
        }
    }
}

/// The process's instance: made once and never dropped, for drivers that crash when devices go at exit.
fn instance() -> &'static wgpu::Instance {
    static INSTANCE: OnceLock<wgpu::Instance> = OnceLock::new();
    INSTANCE.get_or_init(|| {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
        // No GL: a foreign GL context in the host can abort the process.
        descriptor.backends &= wgpu::Backends::VULKAN | wgpu::Backends::DX12 | wgpu::Backends::METAL;
        wgpu::Instance::new(descriptor)
    })
}

fn ranked_adapters() -> Vec<(AdapterInfo, wgpu::Adapter)> {
    let backends = wgpu::Backends::from_env().unwrap_or(wgpu::Backends::PRIMARY);
    let mut found: Vec<_> = pollster::block_on(instance().enumerate_adapters(backends))
        .into_iter()
        .map(|adapter| (AdapterInfo::of(&adapter), adapter))
        .collect();
    // Direct3D before Vulkan on Windows: some integrated drivers crash while a Vulkan device is created.
    found.sort_by_key(|(info, _)| (info.kind.rank(), info.backend != "dx12"));
    found
}

/// All adapters, best first.
#[must_use]
pub fn adapters() -> Vec<AdapterInfo> {
    ranked_adapters().into_iter().map(|(info, _)| info).collect()
}

/// Bytes of the adapter's own memory, where its backend tells: wgpu itself does not.
pub(crate) fn device_memory_bytes(adapter: &wgpu::Adapter) -> Option<u64> {
    #[cfg(not(target_vendor = "apple"))]
    {
        // SAFETY: the handles are only asked for properties, while the adapter lives; nothing is destroyed.
        unsafe {
            let vulkan = adapter.as_hal::<wgpu::hal::api::Vulkan>()?;
            let properties = vulkan
                .shared_instance()
                .raw_instance()
                .get_physical_device_memory_properties(vulkan.raw_physical_device());
            // VK_MEMORY_HEAP_DEVICE_LOCAL_BIT is 1. A card may show a small second heap: the largest is its memory.
            properties
                .memory_heaps_as_slice()
                .iter()
                .filter(|heap| heap.flags.as_raw() & 1 != 0)
                .map(|heap| heap.size)
                .max()
        }
    }
    #[cfg(target_vendor = "apple")]
    {
        let _ = adapter;
        None
    }
}

/// The adapter that `choice` asks for. Says what there is when it is not among them.
pub(crate) fn choose(choice: &AdapterChoice) -> Result<(AdapterInfo, wgpu::Adapter)> {
    let adapters = ranked_adapters();
    let known: Vec<String> = adapters.iter().map(|(info, _)| format!("{} ({})", info.name, info.kind.name())).collect();
    adapters.into_iter().find(|(info, _)| choice.accepts(info)).ok_or_else(|| {
        let wanted = match choice {
            AdapterChoice::Auto => "a Vulkan, Direct3D 12 or Metal adapter".to_owned(),
            AdapterChoice::Hardware => "a hardware adapter".to_owned(),
            AdapterChoice::Software => "a software adapter".to_owned(),
            AdapterChoice::Named(name) => format!("an adapter named like '{name}'"),
        };
        let got = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        RenderError::Device(format!(
            "expected {wanted}; got {got}; fix: install a graphics driver, or the software one \
             (Debian and Ubuntu: apt install mesa-vulkan-drivers; Fedora: mesa-vulkan-drivers), or choose another adapter"
        ))
    })
}
