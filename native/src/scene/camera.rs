//! From pixels to rays: an orbit camera in f64. A projection is a function from picture positions to rays, written as the
//! two matrices every 3D program knows.

use glam::{DMat4, DVec2, DVec3, DVec4};

use crate::error::{RenderError, Result};
use crate::scene::checked;
use crate::scene::dem::{Dem, Tops};

/// Free space at each edge of a fitted picture, as a part of its half side.
const MARGIN: f64 = 0.05;

/// How rays leave the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Projection {
    /// All through the eye.
    Perspective,
    /// All parallel.
    Orthographic,
}

impl Projection {
    /// Reads a name.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "perspective" => Ok(Self::Perspective),
            "orthographic" => Ok(Self::Orthographic),
            _ => Err(RenderError::Input(format!(
                "camera.projection: expected perspective or orthographic; got '{name}'; fix: choose one"
            ))),
        }
    }
}

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

/// A camera placed before a DEM: everything known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Eye, world, z exaggerated. Orthographic: a point far enough back.
    pub eye: DVec3,
    /// Place looked at.
    pub target: DVec3,
    /// Unit vectors: into the picture, to its right, to its top.
    pub forward: DVec3,
    /// To the picture's right.
    pub right: DVec3,
    /// To the picture's top.
    pub up: DVec3,
    /// Eye to target, metres.
    pub distance: f64,
    /// Half the height of the picture: tangent (perspective) or metres (orthographic).
    pub half_height: f64,
    /// Width : height.
    pub aspect: f64,
    /// Rays.
    pub projection: Projection,
    near: f64,
    far: f64,
}

impl View {
    /// Places `camera` before `dem` for a picture of `size` pixels. `tops` keep it above the ground.
    #[must_use]
    pub fn new(camera: &Camera, dem: &Dem, tops: &Tops, exaggeration: f64, size: [u32; 2]) -> Self {
        let (sin_heading, cos_heading) = camera.heading.rem_euclid(360.0).to_radians().sin_cos();
        let (sin_pitch, cos_pitch) = camera.pitch.to_radians().sin_cos();
        let forward = DVec3::new(sin_heading * cos_pitch, cos_heading * cos_pitch, -sin_pitch);
        let right = DVec3::new(cos_heading, -sin_heading, 0.0);
        let up = right.cross(forward);
        let aspect = f64::from(size[0]) / f64::from(size[1]);
        let corners = dem.box_corners(exaggeration);
        let in_view = corners.map(|corner| DVec3::new(right.dot(corner), up.dot(corner), forward.dot(corner)));
        let tangent = (camera.field_of_view.to_radians() / 2.0).tan();
        let (fitted_eye, fitted_half_height) = match camera.projection {
            Projection::Perspective => (fit_perspective(&in_view, tangent, aspect), tangent),
            Projection::Orthographic => fit_orthographic(&in_view, aspect),
        };
        let to_world = |v: DVec3| right * v.x + up * v.y + forward * v.z;
        let fitted_eye = to_world(fitted_eye);
        // Looked at: the ground in the middle of the picture, so that zoom goes there; without ground there, the depth of
        // the DEM's middle.
        let middle = dem.middle(exaggeration);
        let fitted_depth =
            tops.first_below(fitted_eye, forward, exaggeration).unwrap_or_else(|| forward.dot(middle - fitted_eye));
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
            && let Some(top) = tops.at(eye.truncate())
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
            eye,
            target,
            forward,
            right,
            up,
            distance,
            half_height,
            aspect,
            projection: camera.projection,
            near,
            far,
        }
    }

    /// Metres a pixel at the target, for a picture of `height` pixels.
    #[must_use]
    pub fn resolution(&self, height: u32) -> f64 {
        let half = match self.projection {
            Projection::Perspective => self.half_height * self.distance,
            Projection::Orthographic => self.half_height,
        };
        2.0 * half / f64::from(height)
    }

    /// World to view: x right, y up, −z into the picture.
    #[must_use]
    pub fn view_from_world(&self) -> DMat4 {
        let rows = [self.right, self.up, -self.forward];
        let row = |axis: DVec3| axis.extend(-axis.dot(self.eye));
        DMat4::from_cols(row(rows[0]), row(rows[1]), row(rows[2]), DVec4::W).transpose()
    }

    /// View to clip, z in 0..1.
    #[must_use]
    pub fn clip_from_view(&self) -> DMat4 {
        let (near, far) = (self.near, self.far);
        let (x, y) = (1.0 / (self.half_height * self.aspect), 1.0 / self.half_height);
        let gl = match self.projection {
            Projection::Perspective => DMat4::from_cols(
                DVec4::new(x, 0.0, 0.0, 0.0),
                DVec4::new(0.0, y, 0.0, 0.0),
                DVec4::new(0.0, 0.0, -(far + near) / (far - near), -1.0),
                DVec4::new(0.0, 0.0, -2.0 * far * near / (far - near), 0.0),
            ),
            Projection::Orthographic => DMat4::from_cols(
                DVec4::new(x, 0.0, 0.0, 0.0),
                DVec4::new(0.0, y, 0.0, 0.0),
                DVec4::new(0.0, 0.0, -2.0 / (far - near), 0.0),
                DVec4::new(0.0, 0.0, -(far + near) / (far - near), 1.0),
            ),
        };
        wgpu_from_gl_clip() * gl
    }

    /// Origin and unit direction of the ray through a place of the picture, −1..1 right and up.
    #[must_use]
    pub fn ray(&self, ndc: DVec2) -> (DVec3, DVec3) {
        let across = self.right * (ndc.x * self.half_height * self.aspect) + self.up * (ndc.y * self.half_height);
        match self.projection {
            Projection::Perspective => (self.eye, (self.forward + across).normalize()),
            Projection::Orthographic => (self.eye + across, self.forward),
        }
    }

    /// Place in the picture (−1..1 right and up) of a world point, none behind the eye.
    #[must_use]
    pub fn project(&self, world: DVec3) -> Option<DVec2> {
        let clip = self.clip_from_view() * self.view_from_world() * world.extend(1.0);
        (clip.w > self.near * 1e-3).then(|| DVec2::new(clip.x, clip.y) / clip.w)
    }
}

/// OpenGL's clip z −1..1 to wgpu's 0..1: the one place where the two conventions meet.
fn wgpu_from_gl_clip() -> DMat4 {
    DMat4::from_cols(DVec4::X, DVec4::Y, DVec4::new(0.0, 0.0, 0.5, 0.0), DVec4::new(0.0, 0.0, 0.5, 1.0))
}

/// The eye, in view axes, nearest to the points that still sees them all inside the margin: each pair of opposite frustum
/// planes touches its extreme points, the deeper pair decides, the other is centred.
fn fit_perspective(points: &[DVec3; 8], tangent: f64, aspect: f64) -> DVec3 {
    let extremes = |axis: fn(&DVec3) -> f64, tangent: f64| {
        let high = points.iter().map(|p| axis(p) - tangent * p.z).fold(f64::NEG_INFINITY, f64::max);
        let low = points.iter().map(|p| -axis(p) - tangent * p.z).fold(f64::NEG_INFINITY, f64::max);
        ((high - low) / 2.0, -(high + low) / (2.0 * tangent))
    };
    let inner = tangent * (1.0 - MARGIN);
    let (x, depth_x) = extremes(|p| p.x, inner * aspect);
    let (y, depth_y) = extremes(|p| p.y, inner);
    DVec3::new(x, y, depth_x.min(depth_y))
}

/// The same for parallel rays: centre and half height.
fn fit_orthographic(points: &[DVec3; 8], aspect: f64) -> (DVec3, f64) {
    let low = points.iter().copied().fold(DVec3::INFINITY, DVec3::min);
    let high = points.iter().copied().fold(DVec3::NEG_INFINITY, DVec3::max);
    let half = (high - low) / 2.0;
    let centre = (high + low) / 2.0;
    (centre.with_z(low.z - (high - low).length()), (half.y.max(half.x / aspect)).max(1e-9) / (1.0 - MARGIN))
}
