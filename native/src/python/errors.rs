//! Our errors as Python's exceptions; no panic gets out, and work runs without the interpreter.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;

use crate::error::{RenderError, Result};

/// The exceptions, in a module of their own: `RenderError` is the name of our own error type too.
pub mod exceptions {
    use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyValueError};

    pyo3::create_exception!(forge3d_native, RenderError, PyRuntimeError);
    pyo3::create_exception!(forge3d_native, DeviceError, RenderError);
    pyo3::create_exception!(forge3d_native, Cancelled, RenderError);
    pyo3::create_exception!(forge3d_native, InputError, PyValueError);
    pyo3::create_exception!(forge3d_native, ShaderError, InputError);
    pyo3::create_exception!(forge3d_native, MemoryBudgetError, PyMemoryError);
}

impl From<RenderError> for PyErr {
    fn from(error: RenderError) -> Self {
        let text = error.to_string();
        match error {
            RenderError::Device(_) => exceptions::DeviceError::new_err(text),
            RenderError::Cancelled => exceptions::Cancelled::new_err(text),
            RenderError::Input(_) => exceptions::InputError::new_err(text),
            RenderError::Shader(_) => exceptions::ShaderError::new_err(text),
            RenderError::Budget(_) => exceptions::MemoryBudgetError::new_err(text),
            _ => exceptions::RenderError::new_err(text),
        }
    }
}

/// Turns a panic into an ordinary error: a `PanicException` would slip through `except Exception`.
pub fn guarded<T>(work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text =
            panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
        Err(RenderError::Internal(text.unwrap_or_else(|| "a panic without a text".into())).into())
    })
}

/// The same for work without the interpreter.
pub fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    guarded(|| py.detach(work).map_err(PyErr::from))
}

/// Adds the exceptions to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("RenderError", py.get_type::<exceptions::RenderError>())?;
    module.add("DeviceError", py.get_type::<exceptions::DeviceError>())?;
    module.add("Cancelled", py.get_type::<exceptions::Cancelled>())?;
    module.add("InputError", py.get_type::<exceptions::InputError>())?;
    module.add("ShaderError", py.get_type::<exceptions::ShaderError>())?;
    module.add("MemoryBudgetError", py.get_type::<exceptions::MemoryBudgetError>())
}
