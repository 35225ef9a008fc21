//! How any wgpu program gets a device, memory, shaders and pixels. Knows nothing of terrain.

pub mod context;
pub mod memory;
pub mod shaders;
pub mod transfer;
