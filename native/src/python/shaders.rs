//! Shaders by their content, and the check of a surface style.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::arrays::expected_other;
use super::errors::{detached, guarded};
use super::scene::surface_from;
use crate::gpu::context;
use crate::gpu::shader_cache::{self, Request, Source, Stage};
use crate::render::programs;

/// Checks WGSL text or SPIR-V bytes; returns the id.
#[pyfunction]
#[pyo3(signature = (source, entry_point = "main", stage = "compute", *, constants = vec![], name = "shader"))]
pub fn load_shader(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    entry_point: &str,
    stage: &str,
    constants: Vec<(String, f64)>,
    name: &str,
) -> PyResult<String> {
    let stage = Stage::parse(stage)?;
    let source = if let Ok(text) = source.cast::<PyString>() {
        Source::Wgsl(text.to_str()?)
    } else if let Ok(bytes) = source.cast::<PyBytes>() {
        Source::SpirV(bytes.as_bytes())
    } else {
        return Err(expected_other("WGSL text or SPIR-V bytes", source));
    };
    let request = Request { name, source, entry: entry_point, stage, constants: &constants };
    detached(py, || Ok(shader_cache::load(&request)?.0.to_string()))
}

/// Whether a shader of this id is at hand.
#[pyfunction]
pub fn is_shader_cached(shader_id: &str) -> bool {
    shader_cache::is_loaded(shader_id)
}

/// How many shaders are at hand.
#[pyfunction]
pub fn shader_cache_size() -> usize {
    shader_cache::size()
}

/// Forgets all shaders, and the pipelines of all devices.
#[pyfunction]
pub fn clear_shader_cache() {
    shader_cache::clear();
    for gpu in context::all() {
        gpu.shaders.clear();
    }
}

/// Raises where the text of a surface style is wrong. Needs no device.
#[pyfunction]
pub fn check_surface_style(py: Python<'_>, style: &Bound<'_, PyAny>) -> PyResult<()> {
    let style = guarded(|| surface_from(style))?;
    detached(py, || programs::check_style(&style))
}
