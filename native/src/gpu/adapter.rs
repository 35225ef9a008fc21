//! What can draw here: kinds of adapters, what is known of each, and the choice among them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, OnceLock};

use crate::error::{RenderError, Result};
use crate::gpu::driver_facts::{self, Heap};

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
    /// Tells this adapter from all others here, now and at the next start.
    pub key: String,
    /// Its place among all adapters, best first, from 0.
    pub index: usize,
    /// Name as the driver gives it.
    pub name: String,
    /// `vulkan`, `dx12` or `metal`.
    pub backend: String,
    /// What it is.
    pub kind: AdapterKind,
    /// Driver and version.
    pub driver: String,
    /// Version of the interface that it speaks.
    pub api_version: String,
    /// Whether the processor sees all memory that it draws with.
    pub unified_memory: bool,
    /// PCI vendor.
    pub vendor: u32,
    /// PCI device.
    pub device: u32,
}

/// What `identified` goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Identity<'a> {
    backend: &'a str,
    vendor: u32,
    device: u32,
    /// PCI address, empty where the driver does not tell it.
    address: &'a str,
}

/// A key for each adapter, no two alike: its PCI address where that is told and tells it from the others of its backend
/// (Windows names equal cards alike), else vendor:device:nth of those. A card that two backends offer has one address:
/// the later one's key names the backend, too.
fn keys_of(identities: &[Identity<'_>]) -> Vec<String> {
    let mut addresses = HashMap::new();
    for one in identities {
        *addresses.entry((one.backend, one.address)).or_insert(0) += 1;
    }
    let mut counts = HashMap::new();
    let mut keys: Vec<String> = Vec::new();
    for one in identities {
        let nth = counts.entry((one.backend, one.vendor, one.device)).or_insert(0);
        let mut key = if !one.address.is_empty() && addresses[&(one.backend, one.address)] == 1 {
            one.address.to_owned()
        } else {
            format!("{:04x}:{:04x}:{nth}", one.vendor, one.device)
        };
        *nth += 1;
        if keys.contains(&key) {
            key = format!("{key}@{}", one.backend);
        }
        keys.push(key);
    }
    keys
}

/// What is told of an adapter beside what it is chosen by. Sizes are bytes.
#[derive(Debug, Clone)]
pub struct AdapterDetails {
    /// Names and values of what it allows.
    pub limits: Vec<(&'static str, u64)>,
    /// Its memory, where the backend tells.
    pub heaps: Option<Vec<Heap>>,
}

impl AdapterDetails {
    /// As it is now: what is used of the heaps changes all the time.
    #[must_use]
    pub(crate) fn of(adapter: &wgpu::Adapter) -> Self {
        let limits = adapter.limits();
        Self {
            limits: vec![
                ("texture_side", limits.max_texture_dimension_2d.into()),
                ("buffer_bytes", limits.max_buffer_size),
                ("storage_binding_bytes", limits.max_storage_buffer_binding_size),
                ("uniform_binding_bytes", limits.max_uniform_buffer_binding_size),
                ("storage_buffers_a_stage", limits.max_storage_buffers_per_shader_stage.into()),
                ("workgroup_invocations", limits.max_compute_invocations_per_workgroup.into()),
                ("workgroups_a_dimension", limits.max_compute_workgroups_per_dimension.into()),
                ("workgroup_storage_bytes", limits.max_compute_workgroup_storage_size.into()),
            ],
            heaps: driver_facts::heaps(adapter),
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
    /// Software where there is any, else as `Auto`.
    PreferSoftware,
    /// The one with this key or index, else the first whose name holds this text, case ignored. Digits alone are no part
    /// of a name: in one that holds a version some are found always.
    Named(String),
}

/// Whether a name is digits alone, and so an index.
fn is_index(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// A switch of the environment: none where it is no word for on or off.
fn switch(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" => Some(true),
        "" | "0" | "false" | "no" => Some(false),
        _ => None,
    }
}

/// What `FORGE3D_PREFER_SOFTWARE` says. What it says wrongly is told once.
fn prefers_software() -> bool {
    static TOLD: Once = Once::new();
    let Some(value) = std::env::var_os("FORGE3D_PREFER_SOFTWARE") else { return false };
    switch(&value.to_string_lossy()).unwrap_or_else(|| {
        TOLD.call_once(|| {
            log::warn!(
                "FORGE3D_PREFER_SOFTWARE: expected 1, true, yes, 0, false, no or nothing; got {value:?}; it is taken for \
                 no; fix: set it to 1, or unset it"
            );
        });
        false
    })
}

impl AdapterChoice {
    /// Reads `auto`, `hardware`, `software`, `prefer-software`, a key, an index or part of a name. `auto` is
    /// `prefer-software` where `FORGE3D_PREFER_SOFTWARE` says 1, true or yes.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::parsed(text, prefers_software())
    }

    fn parsed(text: &str, prefer_software: bool) -> Self {
        match text.trim().to_ascii_lowercase().as_str() {
            "" | "auto" if !prefer_software => Self::Auto,
            "" | "auto" | "prefer-software" => Self::PreferSoftware,
            "hardware" => Self::Hardware,
            "software" => Self::Software,
            name => Self::Named(name.to_owned()),
        }
    }

    /// The place of the adapter that is meant among `known`, which are in their order, best first.
    fn among(&self, known: &[AdapterInfo]) -> Option<usize> {
        let is_software = |info: &AdapterInfo| info.kind == AdapterKind::Software;
        match self {
            Self::Auto => (!known.is_empty()).then_some(0),
            Self::Hardware => known.iter().position(|info| !is_software(info)),
            Self::Software => known.iter().position(is_software),
            Self::PreferSoftware => known.iter().position(is_software).or((!known.is_empty()).then_some(0)),
            Self::Named(name) => {
                known.iter().position(|info| info.key.eq_ignore_ascii_case(name)).or_else(|| match is_index(name) {
                    true => name.parse().ok().filter(|index| *index < known.len()),
                    false => known.iter().position(|info| info.name.to_ascii_lowercase().contains(name)),
                })
            }
        }
    }
}

/// Whether the instance is made with the checks of the driver's own interface: Vulkan's validation layer, Direct3D's
/// debug layer.
static VALIDATION_WANTED: AtomicBool = AtomicBool::new(false);
static INSTANCE: OnceLock<(wgpu::Instance, Validation)> = OnceLock::new();

/// What became of the wish for checks by the driver's own interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validation {
    /// Nobody wished for them.
    Off,
    /// They are there; what they find is logged.
    On,
    /// Wished for, but this system has no such layer.
    Missing,
}

impl Validation {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
            Self::Missing => "wanted, but the layer is not installed",
        }
    }
}

/// Wishes for checks by the driver's own interface, or takes the wish back. Whether that is heard: not once the first
/// adapter was asked for. `FORGE3D_VALIDATION=1` in the environment wishes, too.
pub fn want_validation(wanted: bool) -> bool {
    VALIDATION_WANTED.store(wanted, Ordering::Relaxed);
    INSTANCE.get().is_none_or(|(_, made)| (*made != Validation::Off) == wanted)
}

/// How things stand with these checks; none before the first adapter was asked for.
#[must_use]
pub fn validation() -> Option<Validation> {
    INSTANCE.get().map(|(_, validation)| *validation)
}

/// The process's instance: made once and never dropped, for drivers that crash when devices go at exit.
fn instance() -> &'static wgpu::Instance {
    let make = || {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
        // No GL: a foreign GL context in the host can abort the process.
        descriptor.backends &= wgpu::Backends::VULKAN | wgpu::Backends::DX12 | wgpu::Backends::METAL;
        if std::env::var("FORGE3D_VALIDATION").is_ok_and(|value| value == "1") {
            VALIDATION_WANTED.store(true, Ordering::Relaxed);
        }
        // Not with the flag DEBUG: both together crash some layers.
        let wanted = wgpu::InstanceFlags::VALIDATION;
        descriptor.flags |=
            if VALIDATION_WANTED.load(Ordering::Relaxed) { wanted } else { wgpu::InstanceFlags::empty() };
        let is_wanted = descriptor.flags.contains(wanted);
        let instance = wgpu::Instance::new(descriptor);
        let validation = match is_wanted {
            false => Validation::Off,
            true if driver_facts::lacks_validation_layer(&instance) => Validation::Missing,
            true => Validation::On,
        };
        if validation == Validation::Missing {
            log::warn!(
                "expected Vulkan's validation layer; got none; drawing goes on without it; fix: install it \
                 (Debian and Ubuntu: apt install vulkan-validationlayers; else the Vulkan SDK)"
            );
        }
        (instance, validation)
    };
    &INSTANCE.get_or_init(make).0
}

fn ranked_adapters() -> Vec<(AdapterInfo, wgpu::Adapter)> {
    let backends = wgpu::Backends::from_env().unwrap_or(wgpu::Backends::PRIMARY);
    let mut found: Vec<_> = pollster::block_on(instance().enumerate_adapters(backends))
        .into_iter()
        .map(|adapter| (adapter.get_info(), adapter))
        .collect();
    // Direct3D before Vulkan on Windows: some integrated drivers crash while a Vulkan device is created.
    found.sort_by_key(|(info, _)| (AdapterKind::of(info.device_type).rank(), info.backend != wgpu::Backend::Dx12));
    let identities: Vec<_> = found
        .iter()
        .map(|(info, _)| Identity {
            backend: info.backend.to_str(),
            vendor: info.vendor,
            device: info.device,
            address: &info.device_pci_bus_id,
        })
        .collect();
    let keys = keys_of(&identities);
    found
        .into_iter()
        .zip(keys)
        .enumerate()
        .map(|(index, ((info, adapter), key))| {
            let kind = AdapterKind::of(info.device_type);
            let described = AdapterInfo {
                key,
                index,
                kind,
                api_version: driver_facts::api_version(&adapter).unwrap_or_else(|| match info.backend {
                    wgpu::Backend::Dx12 => "Direct3D 12".to_owned(),
                    wgpu::Backend::Metal => "Metal".to_owned(),
                    other => other.to_str().to_owned(),
                }),
                // A card may show all of its memory to the processor; it is its own all the same.
                unified_memory: kind.shares_system_memory()
                    && driver_facts::heaps(&adapter).is_none_or(|heaps| {
                        heaps.iter().filter(|heap| heap.device_local).all(|heap| heap.host_visible)
                    }),
                backend: info.backend.to_str().to_owned(),
                driver: [info.driver.as_str(), info.driver_info.as_str()].join(" ").trim().to_owned(),
                name: info.name,
                vendor: info.vendor,
                device: info.device,
            };
            (described, adapter)
        })
        .collect()
}

/// All adapters, best first.
#[must_use]
pub fn adapters() -> Vec<(AdapterInfo, AdapterDetails)> {
    ranked_adapters().into_iter().map(|(info, adapter)| (info, AdapterDetails::of(&adapter))).collect()
}

/// The adapter that `choice` asks for. Says what there is when it is not among them.
pub(crate) fn choose(choice: &AdapterChoice) -> Result<(AdapterInfo, wgpu::Adapter)> {
    let mut adapters = ranked_adapters();
    let known: Vec<AdapterInfo> = adapters.iter().map(|(info, _)| info.clone()).collect();
    match choice.among(&known) {
        Some(at) => Ok(adapters.swap_remove(at)),
        None => Err(not_found(choice, &known)),
    }
}

/// The adapter that `choice` asks for, without a device.
pub fn find(choice: &AdapterChoice) -> Result<(AdapterInfo, AdapterDetails)> {
    choose(choice).map(|(info, adapter)| (info, AdapterDetails::of(&adapter)))
}

fn not_found(choice: &AdapterChoice, known: &[AdapterInfo]) -> RenderError {
    let wanted = match choice {
        AdapterChoice::Auto | AdapterChoice::PreferSoftware => "a Vulkan, Direct3D 12 or Metal adapter".to_owned(),
        AdapterChoice::Hardware => "a hardware adapter".to_owned(),
        AdapterChoice::Software => "a software adapter".to_owned(),
        AdapterChoice::Named(name) if is_index(name) && !known.is_empty() => {
            format!("an index of 0..{}, not {name}", known.len() - 1)
        }
        AdapterChoice::Named(name) => format!("an adapter named like '{name}', or with this key"),
    };
    let got: Vec<String> =
        known.iter().map(|info| format!("{} ({}, {})", info.name, info.kind.name(), info.key)).collect();
    let got = if got.is_empty() { "none".to_owned() } else { got.join(", ") };
    RenderError::Device(format!(
        "expected {wanted}; got {got}; fix: install a graphics driver, or the software one \
         (Debian and Ubuntu: apt install mesa-vulkan-drivers; Fedora: mesa-vulkan-drivers), or choose another adapter"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity<'a>(backend: &'a str, address: &'a str) -> Identity<'a> {
        Identity { backend, vendor: 0x10de, device: 0x2684, address }
    }

    /// Four equal cards and the software adapter, as they would be listed.
    fn four_equal_cards(addresses: [&str; 4]) -> Vec<AdapterInfo> {
        let mut identities = addresses.map(|address| identity("vulkan", address)).to_vec();
        identities.push(Identity { backend: "vulkan", vendor: 0x10005, device: 0, address: "" });
        let keys = keys_of(&identities);
        let info = |index: usize, key: String| {
            let is_card = index < 4;
            AdapterInfo {
                key,
                index,
                name: if is_card { "NVIDIA GeForce RTX 4090" } else { "llvmpipe (LLVM 15.0.6, 256 bits)" }.to_owned(),
                backend: "vulkan".to_owned(),
                kind: if is_card { AdapterKind::Discrete } else { AdapterKind::Software },
                driver: String::new(),
                api_version: "1.3.238".to_owned(),
                unified_memory: !is_card,
                vendor: identities[index].vendor,
                device: identities[index].device,
            }
        };
        keys.into_iter().enumerate().map(|(index, key)| info(index, key)).collect()
    }

    fn chosen(text: &str, known: &[AdapterInfo]) -> Option<usize> {
        AdapterChoice::parsed(text, false).among(known)
    }

    #[test]
    fn four_equal_cards_are_told_apart_by_address_and_by_index() {
        let addresses = ["0000:01:00.0", "0000:25:00.0", "0000:41:00.0", "0000:c1:00.0"];
        let known = four_equal_cards(addresses);
        for (index, address) in addresses.iter().enumerate() {
            assert_eq!(chosen(address, &known), Some(index));
            assert_eq!(chosen(&address.to_ascii_uppercase(), &known), Some(index));
            assert_eq!(chosen(&index.to_string(), &known), Some(index));
        }
        assert_eq!(chosen("10005:0000:0", &known), Some(4));
        assert_eq!(chosen("0000:99:00.0", &known), None);
    }

    #[test]
    fn equal_cards_without_an_address_of_their_own_are_counted() {
        for addresses in [[""; 4], ["0000:01:00.0"; 4]] {
            let known = four_equal_cards(addresses);
            let keys: Vec<&str> = known.iter().map(|info| info.key.as_str()).collect();
            assert_eq!(keys, ["10de:2684:0", "10de:2684:1", "10de:2684:2", "10de:2684:3", "10005:0000:0"]);
            assert_eq!(chosen("10de:2684:2", &known), Some(2));
        }
    }

    #[test]
    fn one_card_of_two_backends_has_two_keys() {
        let keys = keys_of(&[identity("dx12", "0000:01:00.0"), identity("vulkan", "0000:01:00.0")]);
        assert_eq!(keys, ["0000:01:00.0", "0000:01:00.0@vulkan"]);
        let keys = keys_of(&[identity("dx12", ""), identity("vulkan", "")]);
        assert_eq!(keys, ["10de:2684:0", "10de:2684:0@vulkan"]);
    }

    #[test]
    fn digits_alone_are_an_index_and_all_else_may_be_a_part_of_a_name() {
        let known = four_equal_cards(["0000:01:00.0", "0000:25:00.0", "0000:41:00.0", "0000:c1:00.0"]);
        let expected = [
            ("auto", Some(0)),
            ("", Some(0)),
            ("hardware", Some(0)),
            ("software", Some(4)),
            ("prefer-software", Some(4)),
            (" RTX ", Some(0)),
            ("llvm", Some(4)),
            ("rtx 4090", Some(0)),
            ("LLVM 15", Some(4)),
            ("4", Some(4)),
            ("4090", None),
            ("15", None),
            ("9", None),
            ("77", None),
            ("99999999999999999999999", None),
            ("radeon", None),
        ];
        for (text, index) in expected {
            assert_eq!(chosen(text, &known), index, "{text:?}");
        }
        let text = not_found(&AdapterChoice::parsed("77", false), &known).to_string();
        assert!(text.contains("an index of 0..4") && text.contains("0000:41:00.0"), "{text}");
    }

    #[test]
    fn a_key_of_digits_alone_goes_before_an_index() {
        let mut known = four_equal_cards([""; 4]);
        known[3].key = "1".to_owned();
        assert_eq!(chosen("1", &known), Some(3));
        assert_eq!(chosen("2", &known), Some(2));
    }

    #[test]
    fn a_switch_of_the_environment_takes_the_usual_words() {
        for (value, meant) in
            [("1", true), ("true", true), (" Yes", true), ("0", false), ("FALSE", false), ("no", false), ("", false)]
        {
            assert_eq!(switch(value), Some(meant), "{value:?}");
        }
        assert_eq!(switch("2"), None);
        assert_eq!(switch("software"), None);
    }

    #[test]
    fn who_prefers_software_takes_what_there_is() {
        let known = four_equal_cards([""; 4]);
        assert_eq!(AdapterChoice::parsed("auto", true).among(&known), Some(4));
        assert_eq!(AdapterChoice::parsed("auto", true).among(&known[..4]), Some(0));
        assert_eq!(AdapterChoice::parsed("hardware", true).among(&known), Some(0), "who says more is heard");
        for choice in ["auto", "software", "hardware", "prefer-software", "0", "x"] {
            assert_eq!(chosen(choice, &[]), None);
        }
    }
}
