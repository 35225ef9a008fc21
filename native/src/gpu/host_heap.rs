//! The C library's heap, which the memory of a software adapter comes from.

/// Returns to the system what was freed in it. glibc keeps blocks of up to 32 MiB that lie between others: after thirteen
/// heightfields of 64 MiB had gone, 290 MiB stayed with the process. Elsewhere the heap does so by itself.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn malloc_trim(pad: usize) -> std::ffi::c_int;
        }
        // SAFETY: it takes no pointer, and may be called by any thread at any time (malloc_trim(3)).
        unsafe { malloc_trim(0) };
    }
}
