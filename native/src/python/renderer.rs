//! `Renderer`. The stub `forge3d_native.pyi` documents it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use glam::DVec2;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArray3, PyReadonlyArray2, PyReadonlyArray3, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::arrays::{
    AdapterName, Conversion, DetachedHeights, Heights, Matrix, Real, Stream, Whole, array2, expected_other,
    picture_array, place_of, side, typed,
};
use super::copies::{Copies, CopyStep};
use super::errors::{detached, guarded};
use super::fill;
use super::scene::scene_from;
use crate::error::{RenderError, Result};
use crate::gpu::adapter::AdapterChoice;
use crate::render::Renderer;
use crate::render::cast::Ray;
use crate::render::check_samples;
use crate::render::frame::{Crop, MAX_SAMPLES};
use crate::render::readback::Picture;
use crate::render::signals::Signals;
use crate::render::stored::Stored;
use crate::render::surface_style;
use crate::scene::checked;
use crate::scene::grid::Grid;

/// Column, row, world x, world y, height.
type Picked = (f64, f64, f64, f64, f64);

fn picture_size(width: &Whole, height: &Whole) -> PyResult<[u32; 2]> {
    crate::render::check_size([width.0, height.0])?;
    Ok([width.clamped(), height.clamped()])
}

fn checked_samples(samples: &Whole) -> Result<u32> {
    check_samples(samples.0)?;
    Ok(samples.clamped())
}

/// See `forge3d_native.pyi`.
#[pyclass(frozen, name = "Renderer", module = "forge3d_native")]
pub struct PyRenderer {
    inner: Mutex<Option<Renderer>>,
    signals: Arc<Signals>,
    copies: Copies,
}

impl PyRenderer {
    fn lock(&self) -> MutexGuard<'_, Option<Renderer>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The array over a picture's bytes.
    fn array_of<'py>(&self, py: Python<'py>, size: [u32; 2], picture: Picture) -> PyResult<Bound<'py, PyArray3<u8>>> {
        let (pointer, bytes, borrowed) = (picture.as_ptr().addr(), picture.len(), picture.is_mapped());
        let step = CopyStep { pointer, bytes, borrowed, ..CopyStep::default() };
        self.copies.note_picture(match borrowed {
            true => CopyStep { transfer_ms: picture.copy_ms, ..step },
            false => CopyStep { copied_bytes: bytes, copied_ms: picture.copy_ms, ..step },
        });
        picture_array(py, size, picture)
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

impl PyRenderer {
    /// Takes the strips as they come. The interpreter is held only while the next one is asked for.
    fn stream_heights(&self, py: Python<'_>, stream: &Stream<'_>, matrix: &Matrix<'_, '_>) -> PyResult<()> {
        let ((rows, cols), stored) = (stream.shape, stream.stored);
        let call = self.signals.begin();
        let grid = matrix.before(stream.shape)?;
        let mut builder = self.with(py, |renderer| renderer.begin_heights(grid, stored))?;
        let wrong = |got: String| {
            RenderError::Input(format!(
                "heights: expected strips of {rows}×{cols} in all (rows×cols); got {got}; fix: check its shape"
            ))
        };
        for strip in stream.strips()? {
            let strip = Heights::new(&strip?)?;
            let (count, wide) = strip.shape();
            if count == 0 || wide != cols as usize {
                return Err(wrong(format!("one of {count}×{wide}")).into());
            }
            let (heights, count) = (strip.detached()?, side(count)?);
            let mut first = 0;
            while first < count {
                let wanted = builder.wanted_rows().ok_or_else(|| wrong("more rows".into()))?;
                let some = first..count.min(first + wanted.len() as u32);
                let mut failure = None;
                let done = detached(py, || {
                    call.check()?;
                    builder.write_rows(&converted(&heights, some.clone(), wide, &mut failure)?, &call)
                });
                failure.map_or(done, Err)?;
                first = some.end;
            }
        }
        if let Some(wanted) = builder.wanted_rows() {
            return Err(wrong(format!("{} rows", wanted.start)).into());
        }
        builder.place(matrix.after(stream.shape)?);
        self.with(py, |renderer| renderer.end_heights(builder, &call))
    }
}

/// Rows as float32. A failure of Python's own, in the conversion of an array, stays what it is.
fn converted<'a>(
    heights: &'a DetachedHeights<'_>,
    rows: Range<u32>,
    cols: usize,
    failure: &mut Option<PyErr>,
) -> Result<Cow<'a, [f32]>> {
    heights.rows(rows, cols).map_err(|error| {
        *failure = Some(error);
        RenderError::Upload("the heights could not be converted".into())
    })
}

#[pymethods]
impl PyRenderer {
    #[new]
    #[pyo3(signature = (width, height, *, adapter = AdapterName("auto".into()), memory_budget = None))]
    fn new(
        py: Python<'_>,
        width: Whole,
        height: Whole,
        adapter: AdapterName,
        memory_budget: Option<Whole>,
    ) -> PyResult<Self> {
        let size = picture_size(&width, &height)?;
        let choice = AdapterChoice::parse(&adapter.0);
        let budget = memory_budget.map(|bytes| bytes.limit("memory_budget")).transpose()?;
        let renderer = detached(py, || Renderer::new(size, &choice, budget))?;
        Ok(Self { signals: renderer.signals(), inner: Mutex::new(Some(renderer)), copies: Copies::default() })
    }

    #[getter]
    fn width(&self, py: Python<'_>) -> PyResult<u32> {
        self.with(py, |renderer| Ok(renderer.size()[0]))
    }

    #[getter]
    fn height(&self, py: Python<'_>) -> PyResult<u32> {
        self.with(py, |renderer| Ok(renderer.size()[1]))
    }

    fn resize(&self, py: Python<'_>, width: Whole, height: Whole) -> PyResult<()> {
        let size = picture_size(&width, &height)?;
        self.with(py, |renderer| renderer.resize(size))
    }

    /// The name that `set_crop` had before windows were of rasters only.
    fn set_window(&self, py: Python<'_>, x: Whole, y: Whole, full_width: Whole, full_height: Whole) -> PyResult<()> {
        self.set_crop(py, x, y, full_width, full_height)
    }

    fn set_crop(&self, py: Python<'_>, x: Whole, y: Whole, full_width: Whole, full_height: Whole) -> PyResult<()> {
        let full = picture_size(&full_width, &full_height)?;
        if x.0 < 0 || y.0 < 0 {
            return Err(RenderError::Input(format!(
                "crop: expected a corner inside {}×{}; got ({}, {}); fix: move it",
                full[0], full[1], x, y
            ))
            .into());
        }
        self.with(py, |renderer| renderer.set_crop(Crop { origin: [x.clamped(), y.clamped()], full }))
    }

    #[pyo3(signature = (heights, *, cell_to_world = None))]
    fn set_height_data(
        &self,
        py: Python<'_>,
        heights: &Bound<'_, PyAny>,
        cell_to_world: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        guarded(|| {
            let start = Instant::now();
            let matrix = Matrix::new(cell_to_world);
            if let Some(stream) = Stream::of(heights)? {
                self.copies.note_heights(None);
                return self.stream_heights(py, &stream, &matrix);
            }
            let array = heights;
            let heights = Heights::new(heights)?;
            let (rows, cols) = heights.shape();
            let grid = matrix.after((side(rows)?, side(cols)?))?;
            let heights = heights.detached()?;
            let mut failure = None;
            let done = self.with(py, |renderer| {
                renderer.set_heights(grid, Stored::FLOATS, &mut |rows| converted(&heights, rows, cols, &mut failure))
            });
            failure.map_or(done, Err)?;
            let (pointer, bytes) = place_of(array);
            let conversion = heights.conversion();
            let Conversion { bytes: copied_bytes, ms: copied_ms } = conversion.unwrap_or_default();
            let transfer_ms = start.elapsed().as_secs_f64() * 1e3 - copied_ms;
            let borrowed = conversion.is_none();
            self.copies.note_heights(Some(CopyStep { pointer, bytes, borrowed, copied_bytes, copied_ms, transfer_ms }));
            Ok(())
        })
    }

    fn share_heights(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<()> {
        let other = other.cast::<Self>().map_err(|_| expected_other("a Renderer", other))?;
        // One after the other: two renderers that take from each other must not wait for each other.
        let field = other.get().with(py, |renderer| renderer.shared_heights())?;
        self.with(py, |renderer| renderer.set_shared_heights(field))
    }

    #[pyo3(signature = (rgba))]
    fn set_drape(&self, py: Python<'_>, rgba: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let Some(array) = rgba else {
            self.copies.note_drape(None);
            return self.with(py, |renderer| renderer.set_drape(None));
        };
        let start = Instant::now();
        let rgba: PyReadonlyArray3<'_, u8> = typed(array, "drape", "(h, w, 4) uint8")?;
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
        self.with(py, |renderer| renderer.set_drape(Some((size, bytes))))?;
        let (pointer, bytes) = place_of(array);
        let transfer_ms = start.elapsed().as_secs_f64() * 1e3;
        self.copies.note_drape(Some(CopyStep { pointer, bytes, borrowed: true, transfer_ms, ..CopyStep::default() }));
        Ok(())
    }

    fn set_scene(&self, py: Python<'_>, scene: &Bound<'_, PyAny>) -> PyResult<()> {
        let scene = guarded(|| scene_from(scene))?;
        self.with(py, |renderer| {
            if let Some(style) = &scene.surface {
                surface_style::compile(style)?; // a wrong one is told here, and the scene before it stays
            }
            renderer.set_scene(scene);
            Ok(())
        })
    }

    #[pyo3(signature = (milliseconds = Real(50.0), *, samples = Whole(MAX_SAMPLES as i128)))]
    fn refine(&self, py: Python<'_>, milliseconds: Real, samples: Whole) -> PyResult<u32> {
        let time = Duration::from_secs_f64(checked("milliseconds", milliseconds.0, 0.0, 1e9)? / 1e3);
        self.with(py, |renderer| renderer.refine(time, checked_samples(&samples)?))
    }

    fn read_rgba<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray3<u8>>> {
        let (size, picture) = self.with(py, |renderer| Ok((renderer.size(), renderer.read_rgba()?)))?;
        self.array_of(py, size, picture)
    }

    #[pyo3(signature = (samples = Whole(1)))]
    fn render_terrain_rgba<'py>(&self, py: Python<'py>, samples: Whole) -> PyResult<Bound<'py, PyArray3<u8>>> {
        let (size, picture) =
            self.with(py, |renderer| Ok((renderer.size(), renderer.render(checked_samples(&samples)?)?)))?;
        self.array_of(py, size, picture)
    }

    #[pyo3(signature = (count, *, pre_allocate = true))]
    fn reserve_pictures(&self, py: Python<'_>, count: Whole, pre_allocate: bool) -> PyResult<usize> {
        self.with(py, |renderer| renderer.reserve_pictures(count.in_32_bits("pictures")?, pre_allocate))
    }

    #[pyo3(signature = (scene, samples = Whole(1)))]
    fn want_picture(&self, py: Python<'_>, scene: &Bound<'_, PyAny>, samples: Whole) -> PyResult<()> {
        let scene = guarded(|| scene_from(scene))?;
        self.with(py, |renderer| renderer.want_picture(scene, checked_samples(&samples)?))
    }

    fn next_picture<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyArray3<u8>>>> {
        let picture = self.with(py, Renderer::next_picture)?;
        picture.map(|(size, picture)| self.array_of(py, size, picture)).transpose()
    }

    fn forget_pictures(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, Renderer::forget_pictures)
    }

    fn copy_report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.copies.report(py)
    }

    fn progress(&self) -> f64 {
        self.signals.progress()
    }

    fn cancel(&self) {
        self.signals.cancel();
    }

    fn pick(&self, py: Python<'_>, x: Real, y: Real) -> PyResult<Option<Picked>> {
        let place = DVec2::new(checked("x", x.0, -1e6, 1e6)?, checked("y", y.0, -1e6, 1e6)?);
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
        let frustum = view.frustum;
        for (key, vector) in [
            ("eye", frustum.eye),
            ("target", view.target),
            ("forward", frustum.forward),
            ("right", frustum.right),
            ("up", frustum.up),
        ] {
            dict.set_item(key, (vector.x, vector.y, vector.z))?;
        }
        dict.set_item("distance", view.distance)?;
        dict.set_item("resolution", view.resolution(size[1]))?;
        dict.set_item("heading", frustum.forward.x.atan2(frustum.forward.y).to_degrees().rem_euclid(360.0))?;
        dict.set_item("pitch", (-frustum.forward.z).clamp(-1.0, 1.0).asin().to_degrees())?;
        Ok(dict)
    }

    fn render_metrics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let metrics = self.with(py, |renderer| Ok(renderer.metrics()))?;
        let dict = PyDict::new(py);
        fill!(
            dict,
            metrics,
            upload_ms,
            pyramid_ms,
            compile_ms,
            encode_ms,
            gpu_ms,
            trace_ms,
            resolve_ms,
            readback_ms,
            longest_submit_ms,
            submits,
            bytes_up,
            bytes_down,
            samples,
            peak_bytes,
            adapter
        );
        Ok(dict)
    }

    fn uniform_lanes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<f32>>> {
        let lanes = self.with(py, Renderer::uniform_lanes)?;
        Ok(lanes.to_vec().into_pyarray(py))
    }

    fn read_full_height_texture<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let (shape, heights) = self.with(py, |renderer| match renderer.heightfield() {
            Some(field) => {
                let Grid { cols, rows, .. } = field.terrain.grid;
                Ok(([rows, cols], field.read([0, 0], [cols, rows])?))
            }
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
        row: Whole,
        col: Whole,
        rows: Whole,
        cols: Whole,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let (heights, shape) = self.with(py, |renderer| {
            let grid = renderer.heightfield().map(|field| field.terrain.grid);
            let size = grid.map_or([u32::MAX; 2], |grid| [grid.cols, grid.rows]);
            let inside = |first: &Whole, count: &Whole, side: u32| {
                first.0 >= 0 && count.0 > 0 && first.0.checked_add(count.0).is_some_and(|end| end <= i128::from(side))
            };
            if !inside(&col, &cols, size[0]) || !inside(&row, &rows, size[1]) || rows.0.saturating_mul(cols.0) > 1 << 28 {
                return Err(RenderError::Input(format!(
                    "patch: expected a rectangle inside {}×{} (rows×cols); got {}×{} at row {}, column {}; fix: move or shrink it",
                    size[1], size[0], rows, cols, row, col
                )));
            }
            let shape = [rows.clamped(), cols.clamped()];
            let heights = match renderer.heightfield() {
                Some(field) => field.read([col.clamped(), row.clamped()], [shape[1], shape[0]])?,
                None => vec![0.0; shape[0] as usize * shape[1] as usize],
            };
            Ok((heights, shape))
        })?;
        array2(py, shape.map(|side| side as usize), heights)
    }

    /// Another name for `close`.
    fn cleanup(&self, py: Python<'_>) -> PyResult<()> {
        self.close(py)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || {
            drop(self.lock().take());
            Ok(())
        })
    }
}
