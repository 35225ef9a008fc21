//! Compute pipelines, each made once a device, found again by the id of what they are made of. The modules behind them
//! outlive the device, in `shader_cache`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::error::Result;
use crate::gpu::device::Device;
use crate::gpu::shader_cache::{self, Recent, Request, ShaderId, Source, Stage};

/// Whether wgpu adds its own checks of indices and loops to a shader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trust {
    /// Our own: every loop counts its steps; every index is clamped to its buffer, or comes from a march that ends where the
    /// grid does (march.wgsl). Compiled without checks, but for debug builds and where `FORGE3D_SHADER_CHECKS=1`.
    Ours,
    /// From elsewhere: always checked.
    Checked,
}

impl Trust {
    fn is_checked(self) -> bool {
        static ALWAYS: LazyLock<bool> =
            LazyLock::new(|| cfg!(debug_assertions) || std::env::var("FORGE3D_SHADER_CHECKS").is_ok_and(|v| v == "1"));
        self == Self::Checked || *ALWAYS
    }
}

/// One compute program: what it is made of and how it is entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Pieces of WGSL, joined in this order.
    pub parts: Vec<Cow<'static, str>>,
    /// The function that is dispatched.
    pub entry: &'static str,
    /// Whether it runs without checks.
    pub trust: Trust,
}

impl Program {
    /// The whole text.
    #[must_use]
    pub fn source(&self) -> String {
        self.parts.join("\n")
    }
}

/// What decides a pipeline.
#[derive(PartialEq, Eq, Hash, Clone, Copy)]
struct Key {
    id: ShaderId,
    checked: bool,
}

/// The pipelines made so far and the time they took.
#[derive(Default)]
pub struct ShaderLibrary {
    made: Mutex<Made>,
}

#[derive(Default)]
struct Made {
    pipelines: HashMap<Key, wgpu::ComputePipeline>,
    used: HashSet<Key>,
    styled: Recent<Key>,
    milliseconds: f64,
}

impl Made {
    fn forget(&mut self, key: &Key) {
        self.pipelines.remove(key);
        self.used.remove(key);
    }
}

impl Program {
    /// Its text, parsed and checked, from the cache where it was before.
    fn module(&self, request: &Request<'_>) -> Result<Arc<naga::Module>> {
        match self.trust {
            Trust::Ours => Ok(shader_cache::load(request)?.1),
            Trust::Checked => shader_cache::load_styled(request),
        }
    }

    /// Whether it is a program, as making a pipeline of it would tell.
    pub fn check(&self) -> Result<()> {
        self.with_request(|_, request| self.module(request).map(|_| ()))
    }

    /// Its key, with what was asked of the cache for it.
    fn with_request<T>(&self, use_it: impl FnOnce(Key, &Request<'_>) -> T) -> T {
        let source = self.source();
        let request = Request {
            name: self.entry,
            source: Source::Wgsl(&source),
            entry: self.entry,
            stage: Stage::Compute,
            constants: &[],
        };
        use_it(Key { id: ShaderId::of(&request), checked: self.trust.is_checked() }, &request)
    }
}

impl ShaderLibrary {
    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pipeline of `program`; its bind group layouts are `layouts`.
    pub fn pipeline(
        &self,
        device: &Device,
        program: &Program,
        layouts: &[&wgpu::BindGroupLayout],
    ) -> Result<wgpu::ComputePipeline> {
        program.with_request(|key, request| self.pipeline_of(device, program, layouts, key, request))
    }

    fn pipeline_of(
        &self,
        device: &Device,
        program: &Program,
        layouts: &[&wgpu::BindGroupLayout],
        key: Key,
        request: &Request<'_>,
    ) -> Result<wgpu::ComputePipeline> {
        let mut made = self.made();
        if program.trust == Trust::Checked
            && let Some(oldest) = made.styled.used(key)
        {
            made.forget(&oldest);
        }
        if let Some(pipeline) = made.pipelines.get(&key) {
            return Ok(pipeline.clone());
        }
        let start = Instant::now();
        let module = program.module(request)?;
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(program.entry),
            source: wgpu::ShaderSource::Naga(Cow::Owned(naga::Module::clone(&module))),
        };
        let module = if key.checked {
            device.device.create_shader_module(descriptor)
        } else {
            // SAFETY: only for `Trust::Ours`, whose shaders keep to their buffers by themselves (see there); the tests
            // run the same shaders with wgpu's checks.
            unsafe { device.device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked()) }
        };
        let layouts: Vec<Option<&wgpu::BindGroupLayout>> = layouts.iter().map(|layout| Some(*layout)).collect();
        let layout = device.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(program.entry),
            bind_group_layouts: &layouts,
            immediate_size: 0,
        });
        let pipeline = device.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(program.entry),
            layout: Some(&layout),
            module: &module,
            entry_point: Some(program.entry),
            compilation_options: wgpu::PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        made.milliseconds += start.elapsed().as_secs_f64() * 1e3;
        made.pipelines.insert(key, pipeline.clone());
        Ok(pipeline)
    }

    /// Whether this program is about to be dispatched for the first time: software drivers compile only then.
    pub fn first_use(&self, program: &Program) -> bool {
        program.with_request(|key, _| self.made().used.insert(key))
    }

    /// A first use that came to nothing: the next one is the first again.
    pub fn unused(&self, program: &Program) {
        program.with_request(|key, _| self.made().used.remove(&key));
    }

    /// Pipelines at hand.
    #[must_use]
    pub fn pipelines(&self) -> usize {
        self.made().pipelines.len()
    }

    /// Forgets all pipelines; those in use live on in who uses them.
    pub fn clear(&self) {
        let mut made = self.made();
        made.pipelines.clear();
        made.used.clear();
        made.styled.clear();
    }

    /// Counts the time of a first dispatch.
    pub fn add_compile_ms(&self, milliseconds: f64) {
        self.made().milliseconds += milliseconds;
    }

    /// Milliseconds spent on making pipelines so far.
    pub fn compile_ms(&self) -> f64 {
        self.made().milliseconds
    }
}
