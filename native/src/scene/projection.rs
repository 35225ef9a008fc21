//! From pixels to rays and back: what a projection is. Places in the picture are −1..1 to the right and up.

use glam::{DMat4, DVec2, DVec3, DVec4};

use crate::error::{RenderError, Result};

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

/// The part of space that a picture shows: its axes, and half its height at the distance of the target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frustum {
    /// Eye, world, z exaggerated. Orthographic: a point far enough back.
    pub eye: DVec3,
    /// Unit vectors: into the picture, to its right, to its top.
    pub forward: DVec3,
    /// To the picture's right.
    pub right: DVec3,
    /// To the picture's top.
    pub up: DVec3,
    /// Half the height of the picture: tangent (perspective) or metres (orthographic).
    pub half_height: f64,
    /// Width : height.
    pub aspect: f64,
    /// Depths between which there is anything, metres.
    pub near: f64,
    /// The farther one.
    pub far: f64,
}

/// Rays that are linear in the picture: origin and direction at its middle and how they change towards its right and top
/// edge. What the shader gets of every projection but those that bend (a panorama is another function of the pixel).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearRays {
    /// World, z exaggerated.
    pub origin: DVec3,
    /// Change of the origin from the middle to the right edge.
    pub origin_right: DVec3,
    /// Change of the origin from the middle to the top edge.
    pub origin_up: DVec3,
    /// Any length.
    pub direction: DVec3,
    /// Change of the direction from the middle to the right edge.
    pub direction_right: DVec3,
    /// Change of the direction from the middle to the top edge.
    pub direction_up: DVec3,
}

impl LinearRays {
    /// Origin and unit direction of the ray through a place of the picture.
    #[must_use]
    pub fn at(&self, place: DVec2) -> (DVec3, DVec3) {
        (
            self.origin + self.origin_right * place.x + self.origin_up * place.y,
            (self.direction + self.direction_right * place.x + self.direction_up * place.y).normalize(),
        )
    }
}

impl Projection {
    /// Names and projections.
    pub const ALL: [(&'static str, Self); 2] =
        [("perspective", Self::Perspective), ("orthographic", Self::Orthographic)];

    /// Reads a name.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, projection)| *projection).ok_or_else(|| {
            RenderError::Input(format!(
                "camera.projection: expected perspective or orthographic; got '{name}'; fix: choose one"
            ))
        })
    }

    /// The rays of `frustum`.
    #[must_use]
    pub fn rays(self, frustum: &Frustum) -> LinearRays {
        let Frustum { eye, forward, right, up, half_height, aspect, .. } = *frustum;
        let (right, up) = (right * (half_height * aspect), up * half_height);
        let zero = DVec3::ZERO;
        let (origin_right, origin_up, direction_right, direction_up) = match self {
            Self::Perspective => (zero, zero, right, up),
            Self::Orthographic => (right, up, zero, zero),
        };
        LinearRays { origin: eye, origin_right, origin_up, direction: forward, direction_right, direction_up }
    }

    /// Place in the picture of a world point, none behind the eye.
    #[must_use]
    pub fn project(self, frustum: &Frustum, world: DVec3) -> Option<DVec2> {
        let clip = self.clip_from_view(frustum) * view_from_world(frustum) * world.extend(1.0);
        (clip.w > frustum.near * 1e-3).then(|| DVec2::new(clip.x, clip.y) / clip.w)
    }

    /// View to clip, z in 0..1.
    #[must_use]
    pub fn clip_from_view(self, frustum: &Frustum) -> DMat4 {
        let Frustum { near, far, half_height, aspect, .. } = *frustum;
        let (x, y) = (1.0 / (half_height * aspect), 1.0 / half_height);
        let gl = match self {
            Self::Perspective => DMat4::from_cols(
                DVec4::new(x, 0.0, 0.0, 0.0),
                DVec4::new(0.0, y, 0.0, 0.0),
                DVec4::new(0.0, 0.0, -(far + near) / (far - near), -1.0),
                DVec4::new(0.0, 0.0, -2.0 * far * near / (far - near), 0.0),
            ),
            Self::Orthographic => DMat4::from_cols(
                DVec4::new(x, 0.0, 0.0, 0.0),
                DVec4::new(0.0, y, 0.0, 0.0),
                DVec4::new(0.0, 0.0, -2.0 / (far - near), 0.0),
                DVec4::new(0.0, 0.0, -(far + near) / (far - near), 1.0),
            ),
        };
        wgpu_from_gl_clip() * gl
    }

    /// The eye (in view axes: right, up, forward) from which all `points` are just seen inside the margin, and the half height
    /// of that picture. `tangent`: of half the vertical field of view.
    #[must_use]
    pub fn fit(self, points: &[DVec3; 8], tangent: f64, aspect: f64) -> (DVec3, f64) {
        match self {
            Self::Perspective => (fit_perspective(points, tangent, aspect), tangent),
            Self::Orthographic => fit_orthographic(points, aspect),
        }
    }
}

/// World to view: x right, y up, −z into the picture.
#[must_use]
pub fn view_from_world(frustum: &Frustum) -> DMat4 {
    let rows = [frustum.right, frustum.up, -frustum.forward];
    let row = |axis: DVec3| axis.extend(-axis.dot(frustum.eye));
    DMat4::from_cols(row(rows[0]), row(rows[1]), row(rows[2]), DVec4::W).transpose()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn frustum() -> Frustum {
        let (forward, right) = (DVec3::new(0.6, 0.0, -0.8), DVec3::new(0.0, -1.0, 0.0));
        Frustum {
            eye: DVec3::new(10.0, 20.0, 300.0),
            forward,
            right,
            up: right.cross(forward),
            half_height: 0.4,
            aspect: 1.5,
            near: 1.0,
            far: 1000.0,
        }
    }

    #[test]
    fn a_point_on_the_ray_of_a_place_is_projected_to_that_place() {
        for (_, projection) in Projection::ALL {
            let frustum = frustum();
            for place in [DVec2::ZERO, DVec2::new(0.7, -0.3), DVec2::new(-1.0, 1.0)] {
                let (origin, direction) = projection.rays(&frustum).at(place);
                let back = projection.project(&frustum, origin + direction * 250.0).expect("before the eye");
                assert!((back - place).length() < 1e-12, "{projection:?} {place} {back}");
            }
        }
    }
}
