//! The sun.

use glam::DVec3;

use crate::error::Result;
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
