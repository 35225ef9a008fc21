//! The devices of the process, one an adapter, each with the programs compiled for it.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Result;
use crate::gpu::adapter::{self, AdapterChoice, AdapterInfo};
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
    fn new(info: AdapterInfo, adapter: &wgpu::Adapter) -> Result<Self> {
        let device = Arc::new(Device::new(info, adapter)?);
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

/// One adapter's context and all choices that are known to mean this adapter.
struct Known {
    choices: Vec<AdapterChoice>,
    context: Arc<GpuContext>,
}

/// One context an adapter, the one in use last. Leaked on purpose: never dropped at exit.
static KNOWN: Mutex<Vec<Known>> = Mutex::new(Vec::new());

fn known() -> MutexGuard<'static, Vec<Known>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The place in `known` of the context that `choice` asks for, made where it is not there. Two names of one adapter mean
/// one context; `Auto` means the one in use.
fn place_of(choice: &AdapterChoice, known: &mut Vec<Known>) -> Result<usize> {
    if let Some(at) = known.iter().position(|one| one.choices.contains(choice)) {
        return Ok(at);
    }
    if *choice == AdapterChoice::Auto && !known.is_empty() {
        return Ok(known.len() - 1);
    }
    // Asking which adapter a name means takes milliseconds: once for each name.
    let (info, adapter) = adapter::choose(choice)?;
    if let Some(at) = known.iter().position(|one| one.context.info.key == info.key) {
        known[at].choices.push(choice.clone());
        return Ok(at);
    }
    // Before those that are there: whoever asked for it says whether it comes into use.
    known.insert(0, Known { choices: vec![choice.clone()], context: Arc::new(GpuContext::new(info, &adapter)?) });
    Ok(0)
}

/// The context that `choice` asks for, which `comes_into_use` or not. The default limits of the common budget are those of
/// the adapter in use.
fn find_or_make(choice: &AdapterChoice, comes_into_use: bool) -> Result<Arc<GpuContext>> {
    let mut known = known();
    let before = known.last().map(|last| Arc::clone(&last.context));
    known.retain(|one| {
        let is_lost = one.context.is_lost();
        if is_lost {
            // A lost device stays for ever: some drivers crash when one is destroyed, and one that hangs would be waited
            // for. Its programs, by far the most of its memory, go with the last renderer that uses them.
            std::mem::forget(Arc::clone(&one.context.device));
        }
        !is_lost
    });
    let at = place_of(choice, &mut known)?;
    let context = Arc::clone(&known[at].context);
    if comes_into_use {
        known[at..].rotate_left(1);
    }
    if let Some(last) = known.last().filter(|last| before.is_none_or(|before| !Arc::ptr_eq(&before, &last.context))) {
        memory::begin_default_limits(&last.context);
    }
    Ok(context)
}

/// The context of an adapter, to draw with: made on the first call, and anew after its device was lost. It comes into use.
pub fn context(choice: &AdapterChoice) -> Result<Arc<GpuContext>> {
    find_or_make(choice, true)
}

/// The same to ask something of it: the one in use stays in use, with its limits. The first of all is in use at once.
pub fn context_to_ask(choice: &AdapterChoice) -> Result<Arc<GpuContext>> {
    find_or_make(choice, false)
}

/// The context in use, if one was made.
#[must_use]
pub fn current() -> Option<Arc<GpuContext>> {
    known().last().map(|last| Arc::clone(&last.context))
}

/// All contexts, the one in use last.
#[must_use]
pub fn all() -> Vec<Arc<GpuContext>> {
    known().iter().map(|one| Arc::clone(&one.context)).collect()
}
