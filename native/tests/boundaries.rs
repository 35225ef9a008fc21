//! Nothing makes, maps or polls outside `gpu/`; nobody but `python.rs` knows the interpreter; `scene` knows no GPU.

use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            let text = std::fs::read_to_string(&path).expect("a source is text");
            found.push((path, text));
        }
    }
}

fn offenders(words: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&root, &mut found);
    assert!(found.len() > 10);
    found
        .into_iter()
        .filter(|(path, _)| {
            !allowed.iter().any(|part| path.strip_prefix(&root).is_ok_and(|relative| relative.starts_with(part)))
        })
        // White space folded: a call split over lines is still a call.
        .filter(|(_, text)| {
            let folded: String = text.split_whitespace().collect();
            words.iter().any(|word| folded.contains(word))
        })
        .map(|(path, _)| path.display().to_string())
        .collect()
}

#[test]
fn buffers_and_textures_are_made_in_one_file() {
    assert_eq!(
        offenders(&[".create_buffer(", ".create_texture(", "create_buffer_init"], &["gpu/memory.rs"]),
        Vec::<String>::new()
    );
}

#[test]
fn devices_are_made_in_one_file() {
    assert_eq!(
        offenders(&["request_device", "request_adapter", "Instance::new"], &["gpu/context.rs"]),
        Vec::<String>::new()
    );
}

#[test]
fn memory_is_mapped_and_polled_in_gpu_only() {
    assert_eq!(offenders(&["map_async", "get_mapped_range", ".poll("], &["gpu"]), Vec::<String>::new());
}

#[test]
fn the_interpreter_is_known_to_one_file() {
    assert_eq!(offenders(&["pyo3::", "numpy::"], &["python.rs"]), Vec::<String>::new());
}

#[test]
fn scene_and_gpu_do_not_know_each_other() {
    assert_eq!(offenders(&["crate::gpu", "wgpu::"], &["gpu", "render", "python.rs"]), Vec::<String>::new());
    assert_eq!(offenders(&["crate::scene"], &["scene", "render", "python.rs"]), Vec::<String>::new());
}
