//! Nothing makes, maps or polls outside `gpu/`; nobody but `python/` knows the interpreter; `scene` knows no GPU.

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
fn devices_are_made_in_one_place() {
    assert_eq!(
        offenders(&["request_device", "request_adapter", "Instance::new"], &["gpu/adapter.rs", "gpu/device.rs"]),
        Vec::<String>::new()
    );
}

#[test]
fn memory_is_mapped_and_polled_in_gpu_only() {
    assert_eq!(offenders(&["map_async", "get_mapped_range", ".poll("], &["gpu"]), Vec::<String>::new());
}

#[test]
fn the_interpreter_is_known_to_one_folder() {
    assert_eq!(offenders(&["pyo3::", "numpy::"], &["python"]), Vec::<String>::new());
}

#[test]
fn scene_and_gpu_do_not_know_each_other() {
    assert_eq!(offenders(&["crate::gpu", "wgpu::"], &["gpu", "render", "python"]), Vec::<String>::new());
    assert_eq!(offenders(&["crate::scene"], &["scene", "render", "python"]), Vec::<String>::new());
    assert_eq!(offenders(&["crate::render"], &["render", "python"]), Vec::<String>::new());
}

#[test]
fn how_heights_are_held_is_known_to_one_shader() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let mut found = Vec::new();
    sources(&root, &mut found);
    let mut knowing: Vec<String> = found
        .into_iter()
        .filter(|(_, text)| ["textureLoad(heights", "pyramid[", "levels["].iter().any(|word| text.contains(word)))
        .map(|(path, _)| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
        .collect();
    knowing.sort();
    assert_eq!(knowing, ["height.wgsl", "heightfield.wgsl"], "the one that reads them, the one that makes the pyramid");
}

/// The names of modules of `folder` that a file of it uses.
fn uses_of(text: &str, folder: &str, names: &[String]) -> Vec<String> {
    let folded: String = text.split_whitespace().collect();
    // Without its tests: those may use anything.
    let folded = folded.split("#[cfg(test)]").next().unwrap_or_default();
    names.iter().filter(|name| folded.contains(&format!("crate::{folder}::{name}"))).cloned().collect()
}

#[test]
fn no_folder_has_a_circle_of_files() {
    for folder in ["gpu", "scene", "render", "python"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
        let mut files = Vec::new();
        sources(&root, &mut files);
        let name_of =
            |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let names: Vec<String> = files.iter().map(|(path, _)| name_of(path)).filter(|name| name != "mod").collect();
        assert!(names.len() > 4, "{folder}");
        let mut edges: Vec<(String, Vec<String>)> = files
            .iter()
            .filter(|(path, _)| name_of(path) != "mod")
            .map(|(path, text)| {
                let own = name_of(path);
                (own.clone(), uses_of(text, folder, &names).into_iter().filter(|name| *name != own).collect())
            })
            .collect();
        // Files that use none of those left are taken away, again and again: what stays is a circle.
        while let Some(at) =
            edges.iter().position(|(_, used)| used.iter().all(|name| edges.iter().all(|(left, _)| left != name)))
        {
            edges.remove(at);
        }
        assert_eq!(edges, [], "a circle in {folder}");
    }
}
