//! How any wgpu program gets a device, counted memory, shaders, pixels; knows nothing of terrain. Each file knows only
//! those above it.

pub mod adapter;
pub(crate) mod bindings;
pub mod context;
pub mod default_budget;
pub mod device;
pub mod driver_facts;
pub mod faults;
pub(crate) mod health;
pub(crate) mod host_heap;
pub mod ledger;
pub mod memory;
pub mod readback_pool;
pub mod shader_cache;
pub mod shader_report;
pub mod shader_scan;
pub mod shaders;
pub mod stamps;
pub mod texture_formats;
pub mod transfer;
