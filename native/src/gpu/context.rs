//! The one device of the process with the programs compiled for it.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;
use crate::gpu::adapter::{self, AdapterChoice};
use crate::gpu::device::Device;
use crate::gpu::memory::{self, Allocator, Budget};
use crate::gpu::shaders::ShaderLibrary;

/// A device with all that belongs to it.
pub struct GpuContext {
    device: Arc<Device>,
    /// Pipelines made so far.
    pub(crate) shaders: ShaderLibrary,
}

impl Deref for GpuContext {
    type Target = Device;
    fn deref(&self) -> &Device {
        &self.device
    }
}

impl GpuContext {
    fn new(choice: &AdapterChoice) -> Result<Self> {
        let device = Arc::new(Device::new(choice)?);
        memory::begin_default_limits(&device);
        Ok(Self { device, shaders: ShaderLibrary::default() })
    }

    /// How many pipelines are held.
    #[must_use]
    pub fn pipelines(&self) -> usize {
        self.shaders.pipelines()
    }

    /// Makes buffers and textures here that count against `budget`.
    #[must_use]
    pub fn allocator(&self, budget: Arc<Budget>) -> Allocator {
        Allocator::new(Arc::clone(&self.device), budget)
    }
}

/// The context in use, and all choices that are known to mean its adapter. Leaked on purpose: never dropped at exit.
static CURRENT: Mutex<Option<(Vec<AdapterChoice>, Arc<GpuContext>)>> = Mutex::new(None);

/// The process's context, made on the first call; made anew when another adapter is asked for or the device was lost. Two
/// names of one adapter mean one context.
pub fn context(choice: &AdapterChoice) -> Result<Arc<GpuContext>> {
    let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((choices, context)) = current.as_mut().filter(|(_, context)| !context.is_lost()) {
        if choices.contains(choice) || *choice == AdapterChoice::Auto {
            return Ok(Arc::clone(context));
        }
        // Asking which adapter a name means takes milliseconds: once for each name.
        if adapter::choose(choice)?.0 == context.info {
            choices.push(choice.clone());
            return Ok(Arc::clone(context));
        }
    }
    let context = Arc::new(GpuContext::new(choice)?);
    if let Some((_, old)) = current.replace((vec![choice.clone()], Arc::clone(&context))) {
        // The device stays for ever: some drivers crash when one is destroyed, and one that hangs would be waited for. Its
        // programs, by far the most of its memory, go with the last renderer that uses them.
        std::mem::forget(Arc::clone(&old.device));
    }
    Ok(context)
}

/// The context in use, if one was made.
#[must_use]
pub fn current() -> Option<Arc<GpuContext>> {
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(_, context)| Arc::clone(context))
}
