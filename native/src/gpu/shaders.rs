//! Shader modules and compute pipelines, each made once a device, found again by what they are made of.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::gpu::context::GpuContext;

/// What decides a pipeline: compared in full, so no two can be mistaken for each other.
#[derive(PartialEq, Eq, Hash, Clone)]
struct Key {
    source: String,
    entry_point: &'static str,
}

/// The pipelines made so far and the time they took.
#[derive(Default)]
pub struct ShaderLibrary {
    made: Mutex<(HashMap<Key, wgpu::ComputePipeline>, f64)>,
    dispatched: AtomicBool,
}

impl ShaderLibrary {
    /// The pipeline of one entry point of the concatenated `parts`; its bind group layouts are `layouts`.
    pub fn pipeline(
        &self,
        gpu: &GpuContext,
        parts: &[&str],
        entry_point: &'static str,
        layouts: &[&wgpu::BindGroupLayout],
    ) -> wgpu::ComputePipeline {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Key { source: parts.join("\n"), entry_point };
        if let Some(pipeline) = made.0.get(&key) {
            return pipeline.clone();
        }
        let start = Instant::now();
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(entry_point),
            source: wgpu::ShaderSource::Wgsl(key.source.as_str().into()),
        };
        let module = if cfg!(debug_assertions) {
            gpu.device.create_shader_module(descriptor)
        } else {
            // SAFETY: every loop of our shaders counts its own steps; every index is clamped to its buffer, or comes
            // from a march that ends where the grid does (march.wgsl); the debug build runs the same shaders with wgpu's checks.
            unsafe { gpu.device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked()) }
        };
        let layouts: Vec<Option<&wgpu::BindGroupLayout>> = layouts.iter().map(|layout| Some(*layout)).collect();
        let layout = gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(entry_point),
            bind_group_layouts: &layouts,
            immediate_size: 0,
        });
        let pipeline = gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry_point),
            layout: Some(&layout),
            module: &module,
            entry_point: Some(entry_point),
            compilation_options: wgpu::PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        made.1 += start.elapsed().as_secs_f64() * 1e3;
        made.0.insert(key, pipeline.clone());
        pipeline
    }

    /// Counts the time of the first dispatch, in which software drivers compile; later ones find all compiled.
    pub fn add_compile_ms(&self, milliseconds: f64) {
        if self.dispatched.swap(true, Ordering::Relaxed) {
            return;
        }
        self.made.lock().unwrap_or_else(PoisonError::into_inner).1 += milliseconds;
    }

    /// Milliseconds spent on making pipelines so far.
    pub fn compile_ms(&self) -> f64 {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}
