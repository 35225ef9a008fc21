//! Sun, sky and the models of shading.

use glam::DVec3;

use crate::error::{RenderError, Result};
use crate::scene::checked;

/// Direct light of a disk in the sky.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sun {
    azimuth: f64,
    altitude: f64,
    disk_radius: f64,
    /// 1 is full daylight.
    pub intensity: f64,
}

impl Sun {
    /// Azimuth: degrees clockwise from north; altitude: degrees above the horizon; size: the disk's diameter in degrees.
    pub fn new(azimuth: f64, altitude: f64, size: f64, intensity: f64) -> Result<Self> {
        Ok(Self {
            azimuth: checked("sun.azimuth", azimuth, -1e6, 1e6)?.rem_euclid(360.0).to_radians(),
            altitude: checked("sun.altitude", altitude, 0.0, 90.0)?.to_radians(),
            disk_radius: (checked("sun.size", size, 0.0, 45.0)? / 2.0).to_radians(),
            intensity: checked("sun.intensity", intensity, 0.0, 10.0)?,
        })
    }

    /// Unit vector from the ground to the middle of the disk: x east, y north, z up.
    #[must_use]
    pub fn direction_in_world(&self) -> DVec3 {
        let (sin_azimuth, cos_azimuth) = self.azimuth.sin_cos();
        let (sin_altitude, cos_altitude) = self.altitude.sin_cos();
        DVec3::new(sin_azimuth * cos_altitude, cos_azimuth * cos_altitude, sin_altitude)
    }

    /// Two vectors that span the disk around the direction: direction + x·first + y·second, x² + y² ≤ 1.
    #[must_use]
    pub fn disk_in_world(&self) -> [DVec3; 2] {
        let direction = self.direction_in_world();
        let level = DVec3::new(self.azimuth.cos(), -self.azimuth.sin(), 0.0);
        let radius = self.disk_radius.tan();
        [level * radius, direction.cross(level) * radius]
    }
}

/// How light becomes colour. A new model is a variant here, its number in `shading.wgsl` and its twin in the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shading {
    /// Sun, soft shadows and sky light on the ramp's colours, in linear light.
    Relief,
    /// Horn (1981) as `gdaldem hillshade` writes it: grey, display bytes.
    Horn,
}

impl Shading {
    /// All models with their names.
    pub const NAMES: [(&'static str, Self); 2] = [("relief", Self::Relief), ("horn", Self::Horn)];

    /// Reads a name.
    pub fn parse(name: &str) -> Result<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, shading)| *shading).ok_or_else(|| {
            let known: Vec<_> = Self::NAMES.iter().map(|(known, _)| *known).collect();
            RenderError::Input(format!(
                "shading: expected one of {}; got '{name}'; fix: shading=\"relief\"",
                known.join(", ")
            ))
        })
    }

    /// The number the shader knows it by.
    #[must_use]
    pub fn number(self) -> u32 {
        self as u32
    }

    /// Whether its values are display bytes already, to be written without encoding.
    #[must_use]
    pub fn is_display_referred(self) -> bool {
        self == Self::Horn
    }
}
