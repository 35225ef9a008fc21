//! Adapters, the choice among them, and the one device of the process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::error::{RenderError, Result};
use crate::gpu::memory::{Budget, Ledger};
use crate::gpu::shaders::ShaderLibrary;

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
#[derive(Debug, Clone)]
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

/// A device with all that belongs to it.
pub struct GpuContext {
    /// The device; only `gpu/` makes things with it.
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    /// What it runs on.
    pub info: AdapterInfo,
    /// Counts every byte.
    pub ledger: Arc<Ledger>,
    /// Modules and pipelines made so far.
    pub(crate) shaders: ShaderLibrary,
    lost: Arc<AtomicBool>,
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
fn device_memory_bytes(adapter: &wgpu::Adapter) -> Option<u64> {
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

impl GpuContext {
    fn new(choice: &AdapterChoice) -> Result<Self> {
        let adapters = ranked_adapters();
        let known: Vec<String> =
            adapters.iter().map(|(info, _)| format!("{} ({})", info.name, info.kind.name())).collect();
        let (info, adapter) = adapters.into_iter().find(|(info, _)| choice.accepts(info)).ok_or_else(|| {
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
        })?;
        let available = adapter.limits();
        // Counts stay at what every adapter has; sizes grow to what this one has.
        let mut limits = wgpu::Limits::downlevel_defaults().using_resolution(available.clone());
        limits.max_buffer_size = available.max_buffer_size;
        limits.max_storage_buffer_binding_size = available.max_storage_buffer_binding_size;
        limits.max_non_sampler_bindings = 4096;
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("forge3d.device"),
            required_features: wgpu::Features::empty(),
            required_limits: limits,
            experimental_features: wgpu::ExperimentalFeatures::disabled(),
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            trace: wgpu::Trace::Off,
        }))
        .map_err(|error| {
            RenderError::Device(format!(
                "{}: no device: {error}; fix: update the driver or choose another adapter",
                info.name
            ))
        })?;
        let lost = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&lost);
        device.set_device_lost_callback(move |reason, text| {
            flag.store(true, Ordering::Relaxed);
            log::error!("device lost ({reason:?}): {text}");
        });
        // The default handler panics. Frames have error scopes of their own; what reaches this is for the log.
        device.on_uncaptured_error(Arc::new(|error| log::error!("{error}")));
        log::info!("adapter {} ({}, {}, {})", info.name, info.kind.name(), info.backend, info.driver);
        let ledger = Arc::new(Ledger::new(Budget::default_for(info.kind, device_memory_bytes(&adapter))));
        Ok(Self { device, queue, info, ledger, shaders: ShaderLibrary::default(), lost })
    }

    /// Whether the device is gone.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Longest side of a 2D texture.
    #[must_use]
    pub fn max_texture_side(&self) -> u32 {
        self.device.limits().max_texture_dimension_2d
    }

    /// Longest storage binding in bytes.
    #[must_use]
    pub fn max_binding_bytes(&self) -> u64 {
        let limits = self.device.limits();
        limits.max_storage_buffer_binding_size.min(limits.max_buffer_size)
    }

    /// The allocator's own sum of live bytes, where the backend tells it.
    #[must_use]
    pub fn allocator_bytes(&self) -> Option<u64> {
        self.device.generate_allocator_report().map(|report| report.total_allocated_bytes)
    }

    /// Runs `work` inside error scopes: a validation, memory or internal error becomes `wrap`'s kind instead of a black picture.
    pub(crate) fn scoped<T>(&self, wrap: fn(String) -> RenderError, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.is_lost() {
            return Err(RenderError::Device(
                "the device was lost; fix: render again (a new device is made), or choose another adapter".into(),
            ));
        }
        let memory = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let internal = self.device.push_error_scope(wgpu::ErrorFilter::Internal);
        let validation = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let result = work();
        let errors = [
            pollster::block_on(validation.pop()),
            pollster::block_on(internal.pop()),
            pollster::block_on(memory.pop()),
        ];
        // The scopes' errors first: what `work` says after one of them is only its consequence.
        match errors.into_iter().flatten().next() {
            Some(wgpu::Error::OutOfMemory { .. }) => Err(RenderError::Budget(
                "the driver is out of memory; fix: lower the memory budget, the picture size or the DEM size".into(),
            )),
            Some(error) => Err(wrap(error.to_string())),
            None => result,
        }
    }

    /// Submits and waits until the work is done.
    pub(crate) fn submit_and_wait(&self, encoder: wgpu::CommandEncoder) -> Result<()> {
        let index = self.queue.submit([encoder.finish()]);
        self.wait(Some(index))
    }

    /// Waits as `wait`, but `stop` is asked every few milliseconds and its error ends the wait: the work then goes on
    /// unwatched. The first copy into a large texture clears all of it, which takes a driver without a GPU longer than
    /// people wait.
    pub(crate) fn wait_unless(
        &self,
        index: Option<wgpu::SubmissionIndex>,
        stop: &dyn Fn() -> Result<()>,
    ) -> Result<()> {
        for _ in 0..500 {
            let timeout = Some(std::time::Duration::from_millis(20));
            match self.device.poll(wgpu::PollType::Wait { submission_index: index.clone(), timeout }) {
                Err(wgpu::PollError::Timeout) => stop()?,
                _ => break,
            }
        }
        self.wait(index)
    }

    /// Waits for a submission (or the last one), at most ten seconds: Windows resets a driver after two.
    pub(crate) fn wait(&self, index: Option<wgpu::SubmissionIndex>) -> Result<()> {
        let timeout = Some(std::time::Duration::from_secs(10));
        self.device.poll(wgpu::PollType::Wait { submission_index: index, timeout }).map(|_| ()).map_err(|error| {
            RenderError::Device(format!("the GPU did not answer: {error}; fix: render again or choose another adapter"))
        })
    }
}

/// The context in use and the choice it was made for. Leaked on purpose: never dropped at exit.
static CURRENT: Mutex<Option<(AdapterChoice, Arc<GpuContext>)>> = Mutex::new(None);

/// The process's context, made on the first call; made anew when another adapter is asked for or the device was lost.
pub fn context(choice: &AdapterChoice) -> Result<Arc<GpuContext>> {
    let mut current = CURRENT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((made_for, context)) = current.as_ref()
        && !context.is_lost()
        && (made_for == choice || choice == &AdapterChoice::Auto)
    {
        return Ok(Arc::clone(context));
    }
    let context = Arc::new(GpuContext::new(choice)?);
    if let Some((_, old)) = current.replace((choice.clone(), Arc::clone(&context))) {
        context.ledger.inherit_limits(&old.ledger, old.info.kind == context.info.kind);
        // One reference stays for ever: some drivers crash when a device is destroyed.
        std::mem::forget(old);
    }
    Ok(context)
}

/// The context in use, if one was made.
#[must_use]
pub fn current() -> Option<Arc<GpuContext>> {
    CURRENT.lock().unwrap_or_else(std::sync::PoisonError::into_inner).as_ref().map(|(_, context)| Arc::clone(context))
}
