//! An orbit camera in f64, and where it stands before a terrain.

use glam::DVec3;

use crate::error::Result;
use crate::scene::checked;
use crate::scene::facts::Terrain;
use crate::scene::projection::{Frustum, LinearRays, Projection};

/// What the user says of the camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// Compass bearing it looks to, degrees.
    pub heading: f64,
    /// Degrees it looks down, 0..90.
    pub pitch: f64,
    /// Magnification of the fitted view.
    pub zoom: f64,
    /// Vertical, degrees.
    pub field_of_view: f64,
    /// Rays.
    pub projection: Projection,
    /// Metres a pixel, orthographic only; replaces the fit.
    pub resolution: Option<f64>,
    /// Place looked at, world metres, z exaggerated; none = fit.
    pub target: Option<DVec3>,
    /// Metres from eye to target at zoom 1; none = the fitted one.
    pub distance: Option<f64>,
}

impl Camera {
    /// Checks every range.
    pub fn check(self) -> Result<Self> {
        checked("camera.heading", self.heading, -1e6, 1e6)?;
        checked("camera.pitch", self.pitch, 0.0, 90.0)?;
        checked("camera.zoom", self.zoom, 1e-3, 1e6)?;
        checked("camera.field_of_view", self.field_of_view, 1.0, 120.0)?;
        if let Some(resolution) = self.resolution {
            checked("camera.resolution", resolution, 1e-6, 1e9)?;
        }
        if let Some(distance) = self.distance {
            checked("camera.distance", distance, 1e-6, 1e12)?;
        }
        if let Some(target) = self.target {
            for value in target.to_array() {
                checked("camera.target", value, -1e12, 1e12)?;
            }
        }
        Ok(self)
    }
}

/// A camera placed before a terrain: everything known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// What the picture shows.
    pub frustum: Frustum,
    /// Place looked at, world, z exaggerated.
    pub target: DVec3,
    /// Eye to target, metres.
    pub distance: f64,
    /// Rays.
    pub projection: Projection,
}

impl View {
    /// Places `camera` before `terrain` for a picture of `size` pixels, never inside the ground.
    #[must_use]
    pub fn new(camera: &Camera, terrain: &Terrain, exaggeration: f64, size: [u32; 2]) -> Self {
        let (sin_heading, cos_heading) = camera.heading.rem_euclid(360.0).to_radians().sin_cos();
        let (sin_pitch, cos_pitch) = camera.pitch.to_radians().sin_cos();
        let forward = DVec3::new(sin_heading * cos_pitch, cos_heading * cos_pitch, -sin_pitch);
        let right = DVec3::new(cos_heading, -sin_heading, 0.0);
        let up = right.cross(forward);
        let aspect = f64::from(size[0]) / f64::from(size[1]);
        let corners = terrain.box_corners(exaggeration);
        let in_view = corners.map(|corner| DVec3::new(right.dot(corner), up.dot(corner), forward.dot(corner)));
        let tangent = (camera.field_of_view.to_radians() / 2.0).tan();
        let (fitted_eye, fitted_half_height) = camera.projection.fit(&in_view, tangent, aspect);
        let to_world = |v: DVec3| right * v.x + up * v.y + forward * v.z;
        let fitted_eye = to_world(fitted_eye);
        // Looked at: the ground in the middle of the picture, so that zoom goes there; without ground there, the depth of
        // the DEM's middle.
        let middle = terrain.middle(exaggeration);
        let fitted_depth =
            terrain.first_below(fitted_eye, forward, exaggeration).unwrap_or_else(|| forward.dot(middle - fitted_eye));
        let fitted_depth = fitted_depth.max(1e-9);
        let target = camera.target.unwrap_or(fitted_eye + forward * fitted_depth);
        let size_m = corners[0].distance(corners[7]).max(corners[1].distance(corners[6])).max(1e-9);
        let (distance, half_height) = match camera.projection {
            Projection::Perspective => (camera.distance.unwrap_or(fitted_depth) / camera.zoom, tangent),
            Projection::Orthographic => {
                let half_height = match (camera.resolution, camera.distance) {
                    (Some(resolution), _) => resolution * f64::from(size[1]) / 2.0,
                    // The height that a perspective picture shows at this distance: switching projections keeps the scale.
                    (None, Some(distance)) => distance * tangent / camera.zoom,
                    (None, None) => fitted_half_height / camera.zoom,
                };
                // Far enough back to see all, wherever the target is.
                let nearest = in_view.into_iter().map(|corner| corner.z).fold(f64::INFINITY, f64::min);
                ((forward.dot(target) - nearest).max(0.0) + size_m, half_height)
            }
        };
        let mut eye = target - forward * distance;
        let mut target = target;
        if camera.projection == Projection::Perspective
            && let Some(top) = terrain.top_at(eye.truncate())
        {
            // Never inside the ground: the eye and what it looks at go up together.
            let lift = (top * exaggeration + 0.02 * distance - eye.z).max(0.0);
            eye.z += lift;
            target.z += lift;
        }
        let depths = in_view.map(|corner| corner.z - forward.dot(eye));
        let far = depths.into_iter().fold(distance, f64::max) * 1.01;
        let near = depths.into_iter().fold(f64::INFINITY, f64::min).max(far * 1e-4) * 0.99;
        Self {
            frustum: Frustum { eye, forward, right, up, half_height, aspect, near, far },
            target,
            distance,
            projection: camera.projection,
        }
    }

    /// Metres a pixel at the target, for a picture of `height` pixels.
    #[must_use]
    pub fn resolution(&self, height: u32) -> f64 {
        let half = match self.projection {
            Projection::Perspective => self.frustum.half_height * self.distance,
            Projection::Orthographic => self.frustum.half_height,
        };
        2.0 * half / f64::from(height)
    }

    /// The rays of the picture.
    #[must_use]
    pub fn rays(&self) -> LinearRays {
        self.projection.rays(&self.frustum)
    }
}
