//! A surface style: the text of one WGSL function that colours the ground, and the values of its parameters.

use std::sync::Arc;

use crate::error::{RenderError, Result};
use crate::scene::checked;

/// Parameters of a style, at most: what its uniform block holds.
pub const MOST_PARAMETERS: usize = 16;
/// Bytes of a style's text, at most.
pub const MOST_BYTES: usize = 64 << 10;

/// How the ground is coloured. Whether the text is a style is found when it becomes a program.
#[derive(Debug, Clone, PartialEq)]
pub struct SurfaceStyle {
    /// What errors call it: a file name.
    pub name: String,
    /// WGSL with `fn surface(s: Surface) -> vec4f`.
    pub source: Arc<str>,
    /// Names of the parameters.
    pub parameters: Arc<[String]>,
    /// Their values.
    pub values: Vec<f32>,
    /// Metres that the true heights lie above those of the renderer.
    pub height_offset: f32,
}

impl SurfaceStyle {
    /// Checks sizes, names and numbers.
    pub fn new(name: String, source: &str, parameters: Vec<(String, f64)>, height_offset: f64) -> Result<Self> {
        if source.len() > MOST_BYTES {
            return Err(RenderError::Shader(format!(
                "{name}: expected at most {MOST_BYTES} bytes; got {}; fix: a style is one function with its helpers",
                source.len()
            )));
        }
        if parameters.len() > MOST_PARAMETERS {
            return Err(RenderError::Shader(format!(
                "{name}: expected at most {MOST_PARAMETERS} parameters; got {}; fix: make some of them constants",
                parameters.len()
            )));
        }
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && name.len() <= 64
        };
        let mut values = Vec::with_capacity(parameters.len());
        for (at, (parameter, value)) in parameters.iter().enumerate() {
            if !is_name(parameter) || parameters[..at].iter().any(|(other, _)| other == parameter) {
                return Err(RenderError::Shader(format!(
                    "{name}: expected parameters with names of their own, of letters, digits and _; got '{parameter}'; \
                     fix: rename it"
                )));
            }
            values.push(checked(parameter, *value, -3.4e38, 3.4e38)? as f32);
        }
        let height_offset = checked("height_offset", height_offset, -3.4e38, 3.4e38)? as f32;
        let parameters = parameters.into_iter().map(|(name, _)| name).collect();
        Ok(Self { name, source: source.into(), parameters, values, height_offset })
    }
}
