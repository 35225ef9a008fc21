//! The Python module: checks what comes in, detaches from the interpreter for all work, lets no panic out. One file a subject;
//! the stub `forge3d_native.pyi` documents them all.

mod arrays;
mod copies;
mod device;
mod errors;
mod faults;
mod memory;
mod renderer;
mod scene;
mod shaders;

use pyo3::prelude::*;

/// Puts fields of a struct into a dict under their own names.
macro_rules! fill {
    ($dict:expr, $from:expr, $($field:ident),+ $(,)?) => {
        $($dict.set_item(stringify!($field), &$from.$field)?;)+
    };
}
use fill;

#[pyfunction]
fn drain_log() -> Vec<(String, String, String)> {
    crate::log_buffer::drain()
}

/// What is logged from now on; false where the environment says, which goes before.
#[pyfunction]
fn set_log_level(level: &str) -> PyResult<bool> {
    errors::guarded(|| Ok(crate::log_buffer::set_level(level)?))
}

/// The module.
#[pymodule]
fn forge3d_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    crate::log_buffer::install();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("MAX_PICTURE_SIDE", crate::render::MAX_SIDE)?;
    module.add("MAX_SAMPLES", crate::render::frame::MAX_SAMPLES)?;
    errors::register(module)?;
    module.add_class::<renderer::PyRenderer>()?;
    module.add_function(wrap_pyfunction!(device::adapters, module)?)?;
    module.add_function(wrap_pyfunction!(device::find_adapter, module)?)?;
    module.add_function(wrap_pyfunction!(device::device_info, module)?)?;
    module.add_function(wrap_pyfunction!(device::want_validation, module)?)?;
    module.add_function(wrap_pyfunction!(device::validation, module)?)?;
    module.add_function(wrap_pyfunction!(memory::memory_metrics, module)?)?;
    module.add_function(wrap_pyfunction!(memory::memory_estimate, module)?)?;
    module.add_function(wrap_pyfunction!(memory::set_memory_budget, module)?)?;
    module.add_class::<memory::Reservation>()?;
    module.add_function(wrap_pyfunction!(memory::reserve, module)?)?;
    module.add_function(wrap_pyfunction!(memory::texture_bytes, module)?)?;
    module.add_function(wrap_pyfunction!(memory::reset_peak, module)?)?;
    module.add_function(wrap_pyfunction!(memory::check_budget, module)?)?;
    module.add_function(wrap_pyfunction!(memory::set_budget_policy, module)?)?;
    module.add_function(wrap_pyfunction!(memory::follow_free_memory, module)?)?;
    module.add_function(wrap_pyfunction!(memory::assume_free_memory, module)?)?;
    module.add_function(wrap_pyfunction!(scene::shading_models, module)?)?;
    module.add_function(wrap_pyfunction!(shaders::load_shader, module)?)?;
    module.add_function(wrap_pyfunction!(shaders::is_shader_cached, module)?)?;
    module.add_function(wrap_pyfunction!(shaders::shader_cache_size, module)?)?;
    module.add_function(wrap_pyfunction!(shaders::clear_shader_cache, module)?)?;
    module.add_function(wrap_pyfunction!(shaders::check_surface_style, module)?)?;
    module.add_function(wrap_pyfunction!(drain_log, module)?)?;
    module.add_function(wrap_pyfunction!(set_log_level, module)?)?;
    if crate::gpu::faults::are_allowed() {
        module.add_function(wrap_pyfunction!(faults::_faults, module)?)?;
    }
    Ok(())
}
