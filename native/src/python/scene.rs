//! Scenes of `forge3d_qgis.core.scene`, read attribute by attribute and checked.

use glam::DVec3;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{RenderError, Result};
use crate::scene::camera::Camera;
use crate::scene::light::Sun;
use crate::scene::projection::Projection;
use crate::scene::shading::{Output, SHADING_MODELS, ShadingModel};
use crate::scene::style::{ColorRamp, Style, parse_color};
use crate::scene::surface::SurfaceStyle;
use crate::scene::{Scene, checked};

#[derive(FromPyObject)]
struct SunIn {
    azimuth: f64,
    altitude: f64,
    size: f64,
    intensity: f64,
}

#[derive(FromPyObject)]
struct CameraIn {
    heading: f64,
    pitch: f64,
    zoom: f64,
    field_of_view: f64,
    projection: String,
    resolution: Option<f64>,
    target: Option<(f64, f64, f64)>,
    distance: Option<f64>,
}

#[derive(FromPyObject)]
struct ColorRampIn {
    stops: Vec<(f64, (u8, u8, u8, u8))>,
    relative: bool,
    interpolation: String,
}

#[derive(FromPyObject)]
struct SurfaceIn {
    name: String,
    source: String,
    values: Vec<(String, f64)>,
    height_offset: f64,
}

impl SurfaceIn {
    fn checked(self) -> Result<SurfaceStyle> {
        SurfaceStyle::new(self.name, &self.source, self.values, self.height_offset)
    }
}

#[derive(FromPyObject)]
struct SceneIn {
    camera: CameraIn,
    sun: SunIn,
    shading: String,
    cast_shadows: bool,
    exaggeration: f64,
    exposure: f64,
    color_ramp: ColorRampIn,
    background: String,
    wall_color: String,
}

impl SceneIn {
    fn checked(self, sky_intensity: f64, surface: Option<SurfaceIn>) -> Result<Scene> {
        let scene = self;
        let camera = Camera {
            heading: scene.camera.heading,
            pitch: scene.camera.pitch,
            zoom: scene.camera.zoom,
            field_of_view: scene.camera.field_of_view,
            projection: Projection::parse(&scene.camera.projection)?,
            resolution: scene.camera.resolution,
            target: scene.camera.target.map(|(x, y, z)| DVec3::new(x, y, z)),
            distance: scene.camera.distance,
        };
        let stops = scene.color_ramp.stops.into_iter().map(|(value, (r, g, b, a))| (value, [r, g, b, a])).collect();
        let discrete = match scene.color_ramp.interpolation.as_str() {
            "linear" => false,
            "discrete" => true,
            other => {
                return Err(RenderError::Input(format!(
                    "color_ramp.interpolation: expected linear or discrete; got '{other}'; fix: choose one"
                )));
            }
        };
        Ok(Scene {
            camera: camera.check()?,
            sun: Sun::new(scene.sun.azimuth, scene.sun.altitude, scene.sun.size, scene.sun.intensity)?,
            sky_intensity: checked("sky_intensity", sky_intensity, 0.0, 2.0)?,
            cast_shadows: scene.cast_shadows,
            shading: ShadingModel::parse(&scene.shading)?,
            exaggeration: checked("exaggeration", scene.exaggeration, 0.01, 1000.0)?,
            exposure: checked("exposure", scene.exposure, 0.01, 100.0)?,
            style: Style {
                ramp: ColorRamp::new(stops, scene.color_ramp.relative, discrete)?,
                wall: parse_color("wall_color", &scene.wall_color)?,
                background: parse_color("background", &scene.background)?,
            },
            surface: surface.map(SurfaceIn::checked).transpose()?,
        })
    }
}

/// The scene that `object` describes.
pub fn scene_from(object: &Bound<'_, PyAny>) -> PyResult<Scene> {
    // The amount of sky light was called sky_view before that was found to be another thing's name.
    let sky = object.getattr("sky_intensity").or_else(|_| object.getattr("sky_view")).and_then(|sky| sky.extract());
    // Scenes of earlier versions have none.
    let surface = object.getattr("surface").map_or(Ok(None), |surface| surface.extract::<Option<SurfaceIn>>());
    match (object.extract::<SceneIn>(), sky, surface) {
        (Ok(scene), Ok(sky), Ok(surface)) => Ok(scene.checked(sky, surface)?),
        (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => Err(RenderError::Input(format!(
            "scene: expected a forge3d_qgis.core.Scene; got {}: {error}; fix: Scene(…)",
            object.get_type()
        ))
        .into()),
    }
}

/// The surface style that `object` describes.
pub fn surface_from(object: &Bound<'_, PyAny>) -> PyResult<SurfaceStyle> {
    let style = object.extract::<SurfaceIn>().map_err(|error| {
        RenderError::Input(format!(
            "surface style: expected a forge3d_qgis.core.surface_styles.SurfaceStyle; got {}: {error}; fix: make one",
            object.get_type()
        ))
    })?;
    Ok(style.checked()?)
}

/// The table of shading models, a dict a row.
#[pyfunction]
pub fn shading_models(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    SHADING_MODELS
        .iter()
        .map(|model| {
            let row = PyDict::new(py);
            row.set_item("name", model.name)?;
            row.set_item("aliases", model.aliases.to_vec())?;
            row.set_item("summary", model.summary)?;
            row.set_item("is_display", model.output == Output::Display)?;
            row.set_item("uses_colors", model.uses_colors)?;
            row.set_item("uses_shadows", model.sun_ray)?;
            row.set_item("uses_sun_size", model.sun_disk)?;
            row.set_item("uses_sky", model.sky_ray)?;
            Ok(row)
        })
        .collect()
}
