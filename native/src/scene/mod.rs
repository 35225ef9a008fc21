//! What to draw: plain checked values. Angles arrive in degrees and are kept in radians; lengths are metres.

pub mod camera;
pub mod facts;
pub mod grid;
pub mod light;
pub mod projection;
pub mod shading;
pub mod style;
pub mod surface;

use crate::error::{RenderError, Result};

/// Everything about a picture but the heights.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// Where it is seen from.
    pub camera: camera::Camera,
    /// Direct light.
    pub sun: light::Sun,
    /// Amount of sky light, 0..2.
    pub sky_intensity: f64,
    /// Whether terrain shades terrain.
    pub cast_shadows: bool,
    /// How light becomes colour.
    pub shading: &'static shading::ShadingModel,
    /// Artistic height factor.
    pub exaggeration: f64,
    /// Factor on all light.
    pub exposure: f64,
    /// Colours.
    pub style: style::Style,
    /// Colours of the ground over those of the ramp, if any.
    pub surface: Option<surface::SurfaceStyle>,
}

/// `value` if it is finite and inside, else what was expected.
pub(crate) fn checked(name: &str, value: f64, low: f64, high: f64) -> Result<f64> {
    if value.is_finite() && (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(RenderError::Input(format!("{name}: expected {low}..{high}; got {value}; fix: choose a value inside")))
    }
}
