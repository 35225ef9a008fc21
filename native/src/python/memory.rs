//! The ledger, the estimate, and the common budget.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyAny, PyDict};

use super::arrays::{AdapterName, Flag, Size, Text, Whole};
use super::errors::{detached, guarded};
use super::fill;
use crate::error::{RenderError, Result};
use crate::gpu::adapter::AdapterChoice;
use crate::gpu::context;
use crate::gpu::device::Device;
use crate::gpu::health::HEALTH_MARKS;
use crate::gpu::memory::{self, Budget, BudgetPolicy, Limits, Resource};
use crate::gpu::texture_formats::{TextureShape, format_of};
use crate::render::estimate::Estimate;
use crate::render::stored::Bits;

/// The process's ledger now.
#[pyfunction]
pub fn memory_metrics(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let (metrics, allocator, reserved) = detached(py, || {
        let gpu = context::current();
        let of = |tell: fn(&Device) -> Option<u64>| gpu.as_ref().and_then(|gpu| tell(gpu));
        Ok((memory::metrics(), of(Device::allocator_bytes), of(Device::allocator_reserved_bytes)))
    })?;
    let dict = PyDict::new(py);
    fill!(
        dict,
        metrics,
        buffer_count,
        buffer_bytes,
        texture_count,
        texture_bytes,
        host_visible_bytes,
        device_local_bytes,
        python_bytes,
        peak_bytes,
        device_peak_bytes,
        allocation_count,
        common_bytes,
        common_host_visible_bytes,
        within_budget,
        top
    );
    let limits = metrics.limits.unwrap_or(Limits { host_visible: 0, total: 0 });
    dict.set_item("total_bytes", metrics.total_bytes())?;
    dict.set_item("host_visible_limit", limits.host_visible)?;
    dict.set_item("total_limit", limits.total)?;
    dict.set_item("health_marks", HEALTH_MARKS)?;
    dict.set_item("budget_policy", metrics.policy.name())?;
    dict.set_item("allocator_bytes", allocator)?;
    dict.set_item("allocator_reserved_bytes", reserved)?;
    Ok(dict)
}

/// What heights, a picture and a drape will cost.
#[pyfunction]
#[pyo3(signature = (grid = None, picture = None, drape = None, *, height_bits = Whole(32)))]
pub fn memory_estimate(
    py: Python<'_>,
    grid: Option<Size>,
    picture: Option<Size>,
    drape: Option<Size>,
    height_bits: Whole,
) -> PyResult<Bound<'_, PyDict>> {
    let sides = |name: &str, size: Option<Size>| size.map(|size| size.sides(name)).transpose();
    let estimate = guarded(|| {
        let bits = Bits::of_number(height_bits.in_32_bits("height_bits")?)?;
        let (grid, picture) = (sides("heights", grid)?, sides("picture size", picture)?);
        Ok(Estimate::new(grid, bits, picture, sides("drape", drape)?)?)
    })?;
    let dict = PyDict::new(py);
    dict.set_item("items", estimate.items.iter().map(|(name, bytes, _)| (*name, *bytes)).collect::<Vec<_>>())?;
    dict.set_item("total_bytes", estimate.total())?;
    dict.set_item("host_visible_bytes", estimate.host_visible())?;
    dict.set_item("largest_binding_bytes", estimate.largest_binding)?;
    dict.set_item("largest_texture_side", estimate.largest_texture_side)?;
    Ok(dict)
}

/// Limits of the budget that renderers without one of their own share.
#[pyfunction]
#[pyo3(signature = (total = None, host_visible = None, *, adapter = AdapterName("auto".into())))]
pub fn set_memory_budget(
    py: Python<'_>,
    total: Option<Whole>,
    host_visible: Option<Whole>,
    adapter: AdapterName,
) -> PyResult<()> {
    let choice = AdapterChoice::parse(&adapter.0);
    let total = total.map(|bytes| bytes.limit("total")).transpose()?;
    let host_visible = host_visible.map(|bytes| bytes.limit("host_visible")).transpose()?;
    detached(py, || {
        let gpu = match context::current() {
            Some(gpu) => gpu,
            None => context::context(&choice)?,
        };
        let (default, _) = memory::follow_free_memory(&gpu);
        let limits = Limits {
            total: total.unwrap_or(default.total),
            host_visible: host_visible.unwrap_or(default.host_visible),
        };
        Budget::common().set_limits((total.is_some() || host_visible.is_some()).then_some(limits));
        Ok(())
    })
}

/// Longest label that is kept: it goes into error texts.
const LABEL_LETTERS: usize = 80;

/// What Python holds, counted until it is released or dropped.
#[pyclass(frozen, module = "forge3d_native")]
pub struct Reservation(Mutex<Option<memory::Reservation>>);

impl Reservation {
    fn take(&self) -> Option<memory::Reservation> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[pymethods]
impl Reservation {
    #[getter]
    fn bytes(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, memory::Reservation::bytes)
    }

    /// Without the interpreter: what was freed may have to go back to the system, which takes a while.
    fn release(&self, py: Python<'_>) {
        py.detach(|| drop(self.take()));
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_error))]
    fn __exit__(&self, py: Python<'_>, _error: &Bound<'_, PyAny>) {
        self.release(py);
    }
}

fn resource(kind: &str) -> Result<Resource> {
    match kind {
        "buffer" => Ok(Resource::Buffer { host_visible: false }),
        "host_visible" => Ok(Resource::Buffer { host_visible: true }),
        "texture" => Ok(Resource::Texture),
        other => Err(RenderError::Input(format!(
            "kind: expected \"buffer\", \"host_visible\" or \"texture\"; got {other:?}; fix: \"host_visible\" is what the \
             host maps"
        ))),
    }
}

/// Registers what Python holds.
#[pyfunction]
#[pyo3(signature = (label, bytes, *, kind = Text("buffer".into()), counted = Flag(true)))]
pub fn reserve(py: Python<'_>, label: Text, bytes: Whole, kind: Text, counted: Flag) -> PyResult<Reservation> {
    let label: String = label.0.chars().take(LABEL_LETTERS).collect();
    let made = detached(py, || {
        let bytes = bytes.bytes("bytes", RenderError::Input)?;
        memory::register(label.into(), bytes, resource(&kind.0)?, counted.0)
    })?;
    Ok(Reservation(Mutex::new(Some(made))))
}

/// Bytes of a texture.
#[pyfunction]
#[pyo3(signature = (width, height, format, mips = Whole(1), layers = Whole(1), samples = Whole(1)))]
pub fn texture_bytes(
    width: Whole,
    height: Whole,
    format: Text,
    mips: Whole,
    layers: Whole,
    samples: Whole,
) -> PyResult<u64> {
    guarded(|| {
        let shape = TextureShape {
            size: [width.in_32_bits("width")?, height.in_32_bits("height")?],
            format: format_of(&format.0)?,
            mips: mips.in_32_bits("mips")?,
            layers: layers.in_32_bits("layers")?,
            samples: samples.in_32_bits("samples")?,
        };
        Ok(shape.bytes()?)
    })
}

/// The peaks begin anew.
#[pyfunction]
pub fn reset_peak() {
    memory::reset_peak();
}

/// Raises where so many bytes more would pass the common budget.
#[pyfunction]
pub fn check_budget(py: Python<'_>, bytes: Whole) -> PyResult<()> {
    detached(py, || memory::check_common_budget(bytes.bytes("bytes", RenderError::Budget)?))
}

/// What happens to a reservation beyond a limit.
#[pyfunction]
pub fn set_budget_policy(py: Python<'_>, policy: Text) -> PyResult<()> {
    detached(py, || {
        memory::set_policy(BudgetPolicy::parse(&policy.0)?);
        Ok(())
    })
}

/// Lets the default budget follow the free memory of now; whether it moved.
#[pyfunction]
pub fn follow_free_memory(py: Python<'_>) -> PyResult<bool> {
    detached(py, || {
        let Some(gpu) = context::current() else { return Ok(false) };
        let before = memory::default_limits();
        Ok(before != Some(memory::follow_free_memory(&gpu).0))
    })
}

/// For tests: what is taken for the free memory of the system from now on, None for the truth.
#[pyfunction(name = "_assume_free_memory")]
#[pyo3(signature = (bytes))]
pub fn assume_free_memory(bytes: Option<Whole>) -> PyResult<()> {
    crate::gpu::default_budget::assume_free_memory(bytes.map(|bytes| bytes.limit("bytes")).transpose()?);
    Ok(())
}
