//! The table of shading models: how light becomes colour. A row here, its WGSL file and its twin in the tests are all that a
//! new model takes.

use crate::error::{RenderError, Result};

/// What a model's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Linear light: encoded to sRGB when the picture is resolved.
    Linear,
    /// Display values 0..1: written as they are.
    Display,
}

/// How a model takes slopes from the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gradient {
    /// Horn (1981): the 3×3 samples around.
    Horn,
}

impl Gradient {
    /// The function of `gradients.wgsl`.
    #[must_use]
    pub fn wgsl(self) -> &'static str {
        match self {
            Self::Horn => {
                "fn slope_in_cells(leaf: Leaf, cell: vec2i, uv: vec2f) -> vec2f { return horn_slope(leaf, cell, uv); }\n"
            }
        }
    }
}

/// One row of the table.
#[derive(Debug, PartialEq)]
pub struct ShadingModel {
    /// What scenes call it.
    pub name: &'static str,
    /// Names of earlier versions.
    pub aliases: &'static [&'static str],
    /// One sentence for people who choose.
    pub summary: &'static str,
    /// Its `fn shade(surface: Surface, light: Light) -> vec4f`.
    pub wgsl: &'static str,
    /// What that returns.
    pub output: Output,
    /// Slopes.
    pub gradient: Gradient,
    /// Whether it uses the colours of the scene: ramp and drape.
    pub uses_colors: bool,
    /// Whether it wants the ray to the sun.
    pub sun_ray: bool,
    /// Whether its sun is a disk; a point where not.
    pub sun_disk: bool,
    /// Whether it wants a ray to the sky.
    pub sky_ray: bool,
}

/// All models; the first is the default.
pub static SHADING_MODELS: [ShadingModel; 2] = [
    ShadingModel {
        name: "relief",
        aliases: &[],
        summary: "sun, soft cast shadows and sky light on the colours",
        wgsl: include_str!("../../shaders/styles/relief.wgsl"),
        output: Output::Linear,
        gradient: Gradient::Horn,
        uses_colors: true,
        sun_ray: true,
        sun_disk: true,
        sky_ray: true,
    },
    ShadingModel {
        name: "hillshade",
        aliases: &["horn"],
        summary: "the classical grey hillshade, as gdaldem draws it",
        wgsl: include_str!("../../shaders/styles/hillshade.wgsl"),
        output: Output::Display,
        gradient: Gradient::Horn,
        uses_colors: false,
        sun_ray: true,
        sun_disk: false,
        sky_ray: false,
    },
];

impl ShadingModel {
    /// The row of a name or alias.
    pub fn parse(name: &str) -> Result<&'static Self> {
        SHADING_MODELS.iter().find(|model| model.name == name || model.aliases.contains(&name)).ok_or_else(|| {
            let known: Vec<_> = SHADING_MODELS.iter().map(|model| model.name).collect();
            RenderError::Input(format!(
                "shading: expected one of {}; got '{name}'; fix: shading=\"relief\"",
                known.join(", ")
            ))
        })
    }

    /// The place of this row in the table.
    #[must_use]
    pub fn index(&self) -> usize {
        SHADING_MODELS.iter().position(|model| model.name == self.name).unwrap_or(0)
    }

    /// What the program is told before everything else: which rays to cast and which slopes to take.
    #[must_use]
    pub fn wgsl_prelude(&self) -> String {
        format!("const SUN_RAY = {};\nconst SKY_RAY = {};\n{}", self.sun_ray, self.sky_ray, self.gradient.wgsl())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_alias_leads_to_one_row() {
        let mut names: Vec<&str> = SHADING_MODELS
            .iter()
            .flat_map(|model| std::iter::once(model.name).chain(model.aliases.iter().copied()))
            .collect();
        for name in &names {
            let model = ShadingModel::parse(name).expect("a known name");
            assert!(model.name == *name || model.aliases.contains(name));
            assert!(std::ptr::eq(model, &raw const SHADING_MODELS[model.index()]));
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "a name stands twice");
        assert!(ShadingModel::parse("phong").is_err_and(|error| error.to_string().contains("relief, hillshade")));
    }
}
