//! Ray-marched relief of a heightfield.
//!
//! - [`scene`]: what to draw, plain checked values; knows no GPU.
//! - [`gpu`]: device, counted memory, transfers, shaders; knows nothing of terrain.
//! - [`render`]: scene + gpu → picture, one file a pass, same name as its shader.
//! - [`error`]: the one error type.
//! - `python`: the only folder that knows pyo3 and numpy.

pub mod error;
pub mod gpu;
pub mod log_buffer;
pub mod render;
pub mod scene;

#[cfg(feature = "python")]
mod python;
