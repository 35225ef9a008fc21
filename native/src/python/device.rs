//! Adapters and the device in use.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::arrays::AdapterName;
use super::errors::detached;
use super::fill;
use crate::gpu::adapter::{self, AdapterChoice, AdapterInfo};
use crate::gpu::{context, memory};

fn adapter_dict<'py>(py: Python<'py>, info: &AdapterInfo) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    fill!(dict, info, name, backend, driver, vendor, device);
    dict.set_item("kind", info.kind.name())?;
    Ok(dict)
}

/// What can draw here, best first.
#[pyfunction]
pub fn adapters(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let found = detached(py, || Ok(adapter::adapters()))?;
    found.iter().map(|info| adapter_dict(py, info)).collect()
}

/// The device of an adapter, made on the first call.
#[pyfunction]
#[pyo3(signature = (adapter = AdapterName("auto".into())))]
pub fn device_info<'py>(py: Python<'py>, adapter: AdapterName) -> PyResult<Bound<'py, PyDict>> {
    let choice = AdapterChoice::parse(&adapter.0);
    let gpu = detached(py, || context::context(&choice))?;
    let dict = adapter_dict(py, &gpu.info)?;
    dict.set_item("max_texture_side", gpu.max_texture_side())?;
    dict.set_item("max_buffer_bytes", gpu.max_binding_bytes())?;
    let (limits, facts) = memory::follow_free_memory(&gpu);
    dict.set_item("default_budget", limits.total)?;
    dict.set_item("default_host_visible", limits.host_visible)?;
    dict.set_item("free_memory", facts.free_memory)?;
    dict.set_item("device_memory", facts.device_memory.filter(|_| !gpu.info.kind.shares_system_memory()))?;
    Ok(dict)
}
