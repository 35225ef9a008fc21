//! The Python module: checks what comes in, detaches from the interpreter for all work, lets no panic out. The stub
//! `forge3d_native.pyi` documents it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use glam::{DVec2, DVec3};
use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArray3, PyArrayDescrMethods, PyReadonlyArray2, PyReadonlyArray3, PyUntypedArray,
    PyUntypedArrayMethods, ndarray,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySlice};

use crate::error::{RenderError, Result};
use crate::gpu::context::{self, AdapterChoice, GpuContext};
use crate::render::trace::{MAX_SAMPLES, Window};
use crate::render::{Ray, Renderer, Signals};
use crate::scene::camera::{Camera, Projection};
use crate::scene::dem::Dem;
use crate::scene::light::{Shading, Sun};
use crate::scene::style::{ColorRamp, Style, parse_color};
use crate::scene::{Scene, checked};

/// The exceptions, in a module of their own: `RenderError` is the name of our own error type too.
mod exceptions {
    use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyValueError};

    pyo3::create_exception!(forge3d_native, RenderError, PyRuntimeError);
    pyo3::create_exception!(forge3d_native, DeviceError, RenderError);
    pyo3::create_exception!(forge3d_native, Cancelled, RenderError);
    pyo3::create_exception!(forge3d_native, InputError, PyValueError);
    pyo3::create_exception!(forge3d_native, MemoryBudgetError, PyMemoryError);
}

impl From<RenderError> for PyErr {
    fn from(error: RenderError) -> Self {
        let text = error.to_string();
        match error {
            RenderError::Device(_) => exceptions::DeviceError::new_err(text),
            RenderError::Cancelled => exceptions::Cancelled::new_err(text),
            RenderError::Input(_) => exceptions::InputError::new_err(text),
            RenderError::Budget(_) => exceptions::MemoryBudgetError::new_err(text),
            _ => exceptions::RenderError::new_err(text),
        }
    }
}

/// Turns a panic into an ordinary error: a `PanicException` would slip through `except Exception`.
fn guarded<T>(work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text =
            panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
        Err(RenderError::Internal(text.unwrap_or_else(|| "a panic without a text".into())).into())
    })
}

/// The same for work without the interpreter.
fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    guarded(|| py.detach(work).map_err(PyErr::from))
}

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
struct SceneIn {
    camera: CameraIn,
    sun: SunIn,
    shading: String,
    cast_shadows: bool,
    sky_view: f64,
    exaggeration: f64,
    exposure: f64,
    color_ramp: ColorRampIn,
    background: String,
    wall_color: String,
}

impl TryFrom<SceneIn> for Scene {
    type Error = RenderError;

    fn try_from(scene: SceneIn) -> Result<Self> {
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
        Ok(Self {
            camera: camera.check()?,
            sun: Sun::new(scene.sun.azimuth, scene.sun.altitude, scene.sun.size, scene.sun.intensity)?,
            sky_view: checked("sky_view", scene.sky_view, 0.0, 2.0)?,
            cast_shadows: scene.cast_shadows,
            shading: Shading::parse(&scene.shading)?,
            exaggeration: checked("exaggeration", scene.exaggeration, 0.01, 1000.0)?,
            exposure: checked("exposure", scene.exposure, 0.01, 100.0)?,
            style: Style {
                ramp: ColorRamp::new(stops, scene.color_ramp.relative, discrete)?,
                wall: parse_color("wall_color", &scene.wall_color)?,
                background: parse_color("background", &scene.background)?,
            },
        })
    }
}

/// Heights as they came: float32 rows are borrowed, all else is converted strip by strip.
enum Heights<'py> {
    Borrowed(PyReadonlyArray2<'py, f32>),
    Converted(Bound<'py, PyUntypedArray>),
}

impl<'py> Heights<'py> {
    fn new(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let refused = |what: String| {
            PyErr::from(RenderError::Input(format!(
                "heights: expected (H,W) row-major; got {what}; use `np.ascontiguousarray(arr, dtype=np.float32)`"
            )))
        };
        let Ok(array) = object.cast::<PyUntypedArray>() else {
            return Err(refused(object.get_type().name()?.to_string()));
        };
        let dtype = array.dtype();
        if array.ndim() != 2 || !matches!(dtype.kind(), b'f' | b'i' | b'u') {
            return Err(refused(format!(
                "ndim={}, dtype={}, flags.contiguous={}",
                array.ndim(),
                dtype.str()?,
                array.is_c_contiguous()
            )));
        }
        // `is_contiguous` and `as_slice` take Fortran order too: only C order may be read as rows.
        match object.extract::<PyReadonlyArray2<'py, f32>>() {
            // `as_slice` refuses what is off its alignment as well.
            Ok(floats) if floats.is_c_contiguous() && floats.as_slice().is_ok() => Ok(Self::Borrowed(floats)),
            _ => Ok(Self::Converted(array.clone())),
        }
    }

    fn shape(&self) -> (usize, usize) {
        let shape = match self {
            Self::Borrowed(array) => array.shape(),
            Self::Converted(array) => array.shape(),
        };
        (shape[0], shape[1])
    }
}

/// `object` as the array type asked for, or what was expected and what came.
fn typed<'a, 'py, T: FromPyObject<'a, 'py>>(object: &'a Bound<'py, PyAny>, name: &str, expected: &str) -> PyResult<T> {
    object.extract().map_err(|_| {
        let got = match object.cast::<PyUntypedArray>() {
            Ok(array) => format!("ndim={}, dtype={}", array.ndim(), array.dtype()),
            Err(_) => object.get_type().to_string(),
        };
        RenderError::Input(format!("{name}: expected {expected}; got {got}; fix: convert it with numpy first")).into()
    })
}

/// Column, row, world x, world y, height.
type Picked = (f64, f64, f64, f64, f64);

fn side(value: usize) -> PyResult<u32> {
    u32::try_from(value).map_err(|_| {
        RenderError::Input(format!("heights: expected sides below 2^32; got {value}; fix: read a window")).into()
    })
}

/// See `forge3d_native.pyi`.
#[pyclass(frozen, name = "Renderer", module = "forge3d_native")]
struct PyRenderer {
    inner: Mutex<Option<Renderer>>,
    signals: Arc<Signals>,
}

impl PyRenderer {
    fn lock(&self) -> MutexGuard<'_, Option<Renderer>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` on the renderer without the interpreter: another thread may hold the lock and want the interpreter.
    fn with<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut Renderer) -> Result<T> + Send) -> PyResult<T> {
        detached(py, || match self.lock().as_mut() {
            Some(renderer) => work(renderer),
            None => {
                Err(RenderError::Render("expected an open renderer; got a closed one; fix: make a new Renderer".into()))
            }
        })
    }
}

#[pymethods]
impl PyRenderer {
    #[new]
    #[pyo3(signature = (width, height, *, adapter = "auto"))]
    fn new(py: Python<'_>, width: i64, height: i64, adapter: &str) -> PyResult<Self> {
        let size = picture_size(width, height)?;
        let choice = AdapterChoice::parse(adapter);
        let renderer = detached(py, || Renderer::new(size, &choice))?;
        Ok(Self { signals: renderer.signals(), inner: Mutex::new(Some(renderer)) })
    }

    #[getter]
    fn width(&self, py: Python<'_>) -> PyResult<u32> {
        self.with(py, |renderer| Ok(renderer.size()[0]))
    }

    #[getter]
    fn height(&self, py: Python<'_>) -> PyResult<u32> {
        self.with(py, |renderer| Ok(renderer.size()[1]))
    }

    fn resize(&self, py: Python<'_>, width: i64, height: i64) -> PyResult<()> {
        let size = picture_size(width, height)?;
        self.with(py, |renderer| renderer.resize(size))
    }

    fn set_window(&self, py: Python<'_>, x: u32, y: u32, full_width: i64, full_height: i64) -> PyResult<()> {
        let full = picture_size(full_width, full_height)?;
        self.with(py, |renderer| renderer.set_window(Window { origin: [x, y], full }))
    }

    #[pyo3(signature = (heights, *, cell_to_world = (1.0, 0.0, 0.0, -1.0)))]
    fn set_height_data(
        &self,
        py: Python<'_>,
        heights: &Bound<'_, PyAny>,
        cell_to_world: (f64, f64, f64, f64),
    ) -> PyResult<()> {
        guarded(|| {
            let heights = Heights::new(heights)?;
            let (rows, cols) = heights.shape();
            let (xc, xr, yc, yr) = cell_to_world;
            let dem = Dem::new(side(cols)?, side(rows)?, [xc, xr, yc, yr])?;
            let mut builder = self.with(py, |renderer| renderer.begin_heights(dem))?;
            let rows_per_strip = builder.rows_per_strip() as usize;
            match &heights {
                Heights::Borrowed(array) => {
                    let values = array.as_slice()?;
                    for strip in values.chunks(rows_per_strip * cols) {
                        self.with(py, |renderer| {
                            renderer.check_cancelled()?;
                            builder.write_rows(renderer.gpu(), strip, &|| renderer.check_cancelled())
                        })?;
                    }
                }
                Heights::Converted(array) => {
                    let numpy = py.import("numpy")?;
                    let convert = numpy.getattr("require")?;
                    for first in (0..rows).step_by(rows_per_strip) {
                        let last = (first + rows_per_strip).min(rows);
                        let strip = array.get_item(PySlice::new(py, first as isize, last as isize, 1))?;
                        let strip: PyReadonlyArray2<'_, f32> =
                            convert.call1((strip, numpy.getattr("float32")?, "CA"))?.extract()?;
                        let values = strip.as_slice()?;
                        self.with(py, |renderer| {
                            renderer.check_cancelled()?;
                            builder.write_rows(renderer.gpu(), values, &|| renderer.check_cancelled())
                        })?;
                    }
                }
            }
            self.with(py, |renderer| renderer.finish_heights(builder))
        })
    }

    #[pyo3(signature = (rgba))]
    fn set_drape(&self, py: Python<'_>, rgba: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let Some(rgba) = rgba else { return self.with(py, |renderer| renderer.set_drape(None)) };
        let rgba: PyReadonlyArray3<'_, u8> = typed(rgba, "drape", "(h, w, 4) uint8")?;
        let shape = rgba.shape();
        if shape[2] != 4 || shape.contains(&0) || !rgba.is_c_contiguous() {
            return Err(RenderError::Input(format!(
                "drape: expected (h, w, 4) uint8, row-major; got shape={shape:?}, flags.contiguous={}; \
                 use `np.ascontiguousarray(arr)`",
                rgba.is_c_contiguous()
            ))
            .into());
        }
        let size = [side(shape[1])?, side(shape[0])?];
        let bytes = rgba.as_slice()?;
        self.with(py, |renderer| renderer.set_drape(Some((size, bytes))))
    }

    fn set_scene(&self, py: Python<'_>, scene: SceneIn) -> PyResult<()> {
        let scene = Scene::try_from(scene)?;
        self.with(py, |renderer| {
            renderer.set_scene(scene);
            Ok(())
        })
    }

    #[pyo3(signature = (milliseconds = 50.0, *, samples = MAX_SAMPLES))]
    fn refine(&self, py: Python<'_>, milliseconds: f64, samples: u32) -> PyResult<u32> {
        let time = Duration::from_secs_f64(checked("milliseconds", milliseconds, 0.0, 1e9)? / 1e3);
        self.with(py, |renderer| renderer.refine(time, samples))
    }

    fn read_rgba<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray3<u8>>> {
        let (size, rgba) = self.with(py, |renderer| Ok((renderer.size(), renderer.read_rgba()?)))?;
        picture(py, size, rgba)
    }

    #[pyo3(signature = (samples = 1))]
    fn render_terrain_rgba<'py>(&self, py: Python<'py>, samples: u32) -> PyResult<Bound<'py, PyArray3<u8>>> {
        let (size, rgba) = self.with(py, |renderer| {
            renderer.reset();
            renderer.refine(Duration::MAX, samples)?;
            Ok((renderer.size(), renderer.read_rgba()?))
        })?;
        picture(py, size, rgba)
    }

    fn progress(&self) -> f64 {
        self.signals.progress()
    }

    fn cancel(&self) {
        self.signals.cancel();
    }

    fn pick(&self, py: Python<'_>, x: f64, y: f64) -> PyResult<Option<Picked>> {
        let place = DVec2::new(checked("x", x, -1e6, 1e6)?, checked("y", y, -1e6, 1e6)?);
        self.with(py, |renderer| {
            Ok(renderer.pick(place)?.map(|[column, row, x, y, height]| (column, row, x, y, height)))
        })
    }

    fn cast_rays<'py>(&self, py: Python<'py>, rays: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let rays: PyReadonlyArray2<'_, f32> = typed(rays, "rays", "(n, 6) float32")?;
        let shape = rays.shape();
        if shape[1] != 6 || !rays.is_c_contiguous() {
            return Err(RenderError::Input(format!(
                "rays: expected (n, 6) float32, row-major; got shape={shape:?}; fix: np.ascontiguousarray"
            ))
            .into());
        }
        let rays: Vec<Ray> = rays
            .as_slice()?
            .chunks_exact(6)
            .map(|r| Ray { origin: [r[0], r[1], r[2], 0.0], direction: [r[3], r[4], r[5], 0.0] })
            .collect();
        let hits = self.with(py, |renderer| renderer.cast_rays(&rays))?;
        let flat: Vec<f32> = hits.into_iter().flatten().collect();
        array2(py, [flat.len() / 4, 4], flat)
    }

    fn view<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (view, size) = self.with(py, |renderer| Ok((renderer.view()?, renderer.size())))?;
        let dict = PyDict::new(py);
        for (key, vector) in [
            ("eye", view.eye),
            ("target", view.target),
            ("forward", view.forward),
            ("right", view.right),
            ("up", view.up),
        ] {
            dict.set_item(key, (vector.x, vector.y, vector.z))?;
        }
        dict.set_item("distance", view.distance)?;
        dict.set_item("resolution", view.resolution(size[1]))?;
        dict.set_item("heading", view.forward.x.atan2(view.forward.y).to_degrees().rem_euclid(360.0))?;
        dict.set_item("pitch", (-view.forward.z).clamp(-1.0, 1.0).asin().to_degrees())?;
        Ok(dict)
    }

    fn render_metrics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let metrics = self.with(py, |renderer| Ok(renderer.metrics()))?;
        let dict = PyDict::new(py);
        dict.set_item("upload_ms", metrics.upload_ms)?;
        dict.set_item("pyramid_ms", metrics.pyramid_ms)?;
        dict.set_item("compile_ms", metrics.compile_ms)?;
        dict.set_item("trace_ms", metrics.trace_ms)?;
        dict.set_item("resolve_ms", metrics.resolve_ms)?;
        dict.set_item("readback_ms", metrics.readback_ms)?;
        dict.set_item("longest_submit_ms", metrics.longest_submit_ms)?;
        dict.set_item("submits", metrics.submits)?;
        dict.set_item("bytes_up", metrics.bytes_up)?;
        dict.set_item("bytes_down", metrics.bytes_down)?;
        dict.set_item("samples", metrics.samples)?;
        dict.set_item("peak_bytes", metrics.peak_bytes)?;
        dict.set_item("adapter", metrics.adapter)?;
        Ok(dict)
    }

    fn uniform_lanes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<f32>>> {
        let lanes = self.with(py, Renderer::uniform_lanes)?;
        Ok(lanes.to_vec().into_pyarray(py))
    }

    fn read_full_height_texture<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let (shape, heights) = self.with(py, |renderer| match renderer.heightfield() {
            Some(field) => Ok((
                [field.dem.rows, field.dem.cols],
                field.read(renderer.gpu(), [0, 0], [field.dem.cols, field.dem.rows])?,
            )),
            None => {
                let [width, height] = renderer.size();
                Ok(([height, width], vec![0.0; width as usize * height as usize]))
            }
        })?;
        array2(py, shape.map(|side| side as usize), heights)
    }

    fn debug_read_height_patch<'py>(
        &self,
        py: Python<'py>,
        row: u32,
        col: u32,
        rows: u32,
        cols: u32,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let heights = self.with(py, |renderer| {
            let size = renderer.heightfield().map_or([u32::MAX; 2], |field| [field.dem.cols, field.dem.rows]);
            let inside = |first: u32, count: u32, side: u32| count > 0 && first.checked_add(count).is_some_and(|end| end <= side);
            if !inside(col, cols, size[0]) || !inside(row, rows, size[1]) || u64::from(rows) * u64::from(cols) > 1 << 28 {
                return Err(RenderError::Input(format!(
                    "patch: expected a rectangle inside {}×{} (rows×cols); got {rows}×{cols} at row {row}, column {col}; fix: move or shrink it",
                    size[1], size[0]
                )));
            }
            match renderer.heightfield() {
                Some(field) => field.read(renderer.gpu(), [col, row], [cols, rows]),
                None => Ok(vec![0.0; rows as usize * cols as usize]),
            }
        })?;
        array2(py, [rows as usize, cols as usize], heights)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || {
            drop(self.lock().take());
            Ok(())
        })
    }
}

fn picture_size(width: i64, height: i64) -> PyResult<[u32; 2]> {
    let side = |value: i64| u32::try_from(value.clamp(0, i64::from(u32::MAX))).unwrap_or(0);
    let size = [side(width), side(height)];
    crate::render::check_size(size)?;
    Ok(size)
}

fn picture(py: Python<'_>, [width, height]: [u32; 2], rgba: Vec<u8>) -> PyResult<Bound<'_, PyArray3<u8>>> {
    let shape = (height as usize, width as usize, 4);
    let array =
        ndarray::Array3::from_shape_vec(shape, rgba).map_err(|error| RenderError::Readback(error.to_string()))?;
    Ok(array.into_pyarray(py))
}

fn array2(py: Python<'_>, [rows, cols]: [usize; 2], values: Vec<f32>) -> PyResult<Bound<'_, PyArray2<f32>>> {
    let array = ndarray::Array2::from_shape_vec((rows, cols), values)
        .map_err(|error| RenderError::Readback(error.to_string()))?;
    Ok(array.into_pyarray(py))
}

fn adapter_dict<'py>(py: Python<'py>, info: &context::AdapterInfo) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", &info.name)?;
    dict.set_item("backend", &info.backend)?;
    dict.set_item("kind", info.kind.name())?;
    dict.set_item("driver", &info.driver)?;
    dict.set_item("vendor", info.vendor)?;
    dict.set_item("device", info.device)?;
    Ok(dict)
}

#[pyfunction]
fn adapters(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let found = detached(py, || Ok(context::adapters()))?;
    found.iter().map(|info| adapter_dict(py, info)).collect()
}

#[pyfunction]
#[pyo3(signature = (adapter = "auto"))]
fn device_info<'py>(py: Python<'py>, adapter: &str) -> PyResult<Bound<'py, PyDict>> {
    let choice = AdapterChoice::parse(adapter);
    let gpu = detached(py, || context::context(&choice))?;
    let dict = adapter_dict(py, &gpu.info)?;
    dict.set_item("max_texture_side", gpu.max_texture_side())?;
    dict.set_item("max_buffer_bytes", gpu.max_binding_bytes())?;
    Ok(dict)
}

#[pyfunction]
fn memory_metrics(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let (metrics, allocator) = detached(py, || {
        let gpu = context::current();
        let allocator = gpu.as_ref().and_then(|gpu| gpu.allocator_bytes());
        Ok((gpu.map(|gpu| gpu.ledger.metrics()).unwrap_or_default(), allocator))
    })?;
    let dict = PyDict::new(py);
    dict.set_item("buffer_count", metrics.buffer_count)?;
    dict.set_item("buffer_bytes", metrics.buffer_bytes)?;
    dict.set_item("texture_count", metrics.texture_count)?;
    dict.set_item("texture_bytes", metrics.texture_bytes)?;
    dict.set_item("host_visible_bytes", metrics.host_visible_bytes)?;
    dict.set_item("total_bytes", metrics.total_bytes())?;
    dict.set_item("peak_bytes", metrics.peak_bytes)?;
    dict.set_item("allocation_count", metrics.allocation_count)?;
    dict.set_item("host_visible_limit", metrics.host_visible_limit)?;
    dict.set_item("total_limit", metrics.total_limit)?;
    dict.set_item("within_budget", metrics.within_budget())?;
    dict.set_item("top", &metrics.top)?;
    dict.set_item("allocator_bytes", allocator)?;
    Ok(dict)
}

#[pyfunction]
#[pyo3(signature = (total = None, host_visible = None, *, adapter = "auto"))]
fn set_memory_budget(py: Python<'_>, total: Option<u64>, host_visible: Option<u64>, adapter: &str) -> PyResult<()> {
    let choice = AdapterChoice::parse(adapter);
    detached(py, || {
        let gpu: Arc<GpuContext> = match context::current() {
            Some(gpu) => gpu,
            None => context::context(&choice)?,
        };
        gpu.ledger.set_limits(total, host_visible);
        Ok(())
    })
}

#[pyfunction]
fn drain_log() -> Vec<(String, String, String)> {
    crate::log_buffer::drain()
}

/// The module.
#[pymodule]
fn forge3d_native(py: Python<'_>, module: &Bound<'_, PyModule>) -> PyResult<()> {
    crate::log_buffer::install();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("RenderError", py.get_type::<exceptions::RenderError>())?;
    module.add("DeviceError", py.get_type::<exceptions::DeviceError>())?;
    module.add("Cancelled", py.get_type::<exceptions::Cancelled>())?;
    module.add("InputError", py.get_type::<exceptions::InputError>())?;
    module.add("MemoryBudgetError", py.get_type::<exceptions::MemoryBudgetError>())?;
    module.add_class::<PyRenderer>()?;
    module.add_function(wrap_pyfunction!(adapters, module)?)?;
    module.add_function(wrap_pyfunction!(device_info, module)?)?;
    module.add_function(wrap_pyfunction!(memory_metrics, module)?)?;
    module.add_function(wrap_pyfunction!(set_memory_budget, module)?)?;
    module.add_function(wrap_pyfunction!(drain_log, module)?)?;
    Ok(())
}
