//! Adapters and the device in use.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::arrays::AdapterName;
use super::errors::detached;
use super::fill;
use crate::gpu::adapter::{self, AdapterChoice, AdapterDetails, AdapterInfo, Validation};
use crate::gpu::driver_facts::Heap;
use crate::gpu::{context, memory};

fn adapter_dict<'py>(py: Python<'py>, info: &AdapterInfo, details: &AdapterDetails) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    fill!(dict, info, key, index, name, backend, driver, api_version, unified_memory, vendor, device);
    dict.set_item("kind", info.kind.name())?;
    let limits = PyDict::new(py);
    for (name, value) in &details.limits {
        limits.set_item(name, value)?;
    }
    dict.set_item("limits", limits)?;
    let heap_dict = |heap: &Heap| {
        let dict = PyDict::new(py);
        fill!(dict, heap, size, device_local, host_visible, flags, used, budget);
        Ok(dict)
    };
    let heaps = details.heaps.as_ref().map(|heaps| heaps.iter().map(heap_dict).collect::<PyResult<Vec<_>>>());
    dict.set_item("heaps", heaps.transpose()?)?;
    Ok(dict)
}

/// What can draw here, best first.
#[pyfunction]
pub fn adapters(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let found = detached(py, || Ok(adapter::adapters()))?;
    found.iter().map(|(info, details)| adapter_dict(py, info, details)).collect()
}

/// The adapter that a name chooses.
#[pyfunction]
#[pyo3(signature = (adapter = AdapterName("auto".into())))]
pub fn find_adapter<'py>(py: Python<'py>, adapter: AdapterName) -> PyResult<Bound<'py, PyDict>> {
    let choice = AdapterChoice::parse(&adapter.0);
    let (info, details) = detached(py, || adapter::find(&choice))?;
    adapter_dict(py, &info, &details)
}

/// The device of an adapter, made on the first call. The one in use stays in use.
#[pyfunction]
#[pyo3(signature = (adapter = AdapterName("auto".into())))]
pub fn device_info<'py>(py: Python<'py>, adapter: AdapterName) -> PyResult<Bound<'py, PyDict>> {
    let choice = AdapterChoice::parse(&adapter.0);
    let (gpu, details) = detached(py, || {
        let gpu = context::context_to_ask(&choice)?;
        let details = gpu.details();
        Ok((gpu, details))
    })?;
    let dict = adapter_dict(py, &gpu.info, &details)?;
    dict.set_item("max_texture_side", gpu.max_texture_side())?;
    dict.set_item("max_buffer_bytes", gpu.max_binding_bytes())?;
    let (limits, facts) = memory::follow_free_memory(&gpu);
    dict.set_item("default_budget", limits.total)?;
    dict.set_item("default_host_visible", limits.host_visible)?;
    dict.set_item("free_memory", facts.free_memory)?;
    dict.set_item("device_memory", facts.device_memory.filter(|_| !gpu.info.kind.shares_system_memory()))?;
    Ok(dict)
}

/// Wishes for the driver's own checks; whether that comes in time.
#[pyfunction]
pub fn want_validation(py: Python<'_>, wanted: bool) -> PyResult<bool> {
    detached(py, || Ok(adapter::want_validation(wanted)))
}

/// What became of that wish.
#[pyfunction]
pub fn validation() -> Option<&'static str> {
    adapter::validation().map(Validation::name)
}
