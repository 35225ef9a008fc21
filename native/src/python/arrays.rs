//! Arrays and numbers across the border: borrowed where they can be, converted where they must, refused with a reason.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use numpy::{
    IntoPyArray, PyArray2, PyArray3, PyArrayDescrMethods, PyArrayMethods, PyReadonlyArray2, PyUntypedArray,
    PyUntypedArrayMethods, ndarray,
};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyIterator, PySlice};

use crate::error::{RenderError, Result};
use crate::render::readback::Picture;
use crate::render::stored::Stored;
use crate::scene::grid::Grid;

/// The error for an argument that is something else.
pub fn expected_other(expected: &str, object: &Bound<'_, PyAny>) -> PyErr {
    RenderError::Input(format!("expected {expected}; got {}; fix: pass one", shown(object))).into()
}

/// What came, for an error: shortened, and also where its own `repr` fails.
fn shown(object: &Bound<'_, PyAny>) -> String {
    let text = object.repr().and_then(|text| Ok(text.to_str()?.to_owned()));
    let text = text.unwrap_or_else(|_| format!("a {}", object.get_type()));
    text.chars().take(80).collect()
}

/// The name of an adapter, or part of one.
pub struct AdapterName(pub String);

impl<'a, 'py> FromPyObject<'a, 'py> for AdapterName {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        object.extract::<String>().map(Self).map_err(|_| {
            RenderError::Input(format!(
                "adapter: expected auto, hardware, software or part of a name; got {}; fix: adapter=\"auto\"",
                shown(&object)
            ))
            .into()
        })
    }
}

/// A text.
pub struct Text(pub String);

impl<'a, 'py> FromPyObject<'a, 'py> for Text {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        object.extract::<String>().map(Self).map_err(|_| expected_other("a text", &object))
    }
}

/// True or False.
pub struct Flag(pub bool);

impl<'a, 'py> FromPyObject<'a, 'py> for Flag {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        object.extract::<bool>().map(Self).map_err(|_| expected_other("True or False", &object))
    }
}

/// A whole number of any size, kept within 128 bits.
pub struct Whole(pub i128);

impl<'a, 'py> FromPyObject<'a, 'py> for Whole {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<i128>() {
            Ok(value) => Ok(Self(value)),
            Err(error) if error.is_instance_of::<pyo3::exceptions::PyOverflowError>(object.py()) => {
                Ok(Self(if object.lt(0)? { i128::MIN } else { i128::MAX }))
            }
            Err(_) => Err(expected_other("a whole number", &object)),
        }
    }
}

impl fmt::Display for Whole {
    /// The number as it was given, as far as it is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            i128::MIN => f.write_str("less than -10^38"),
            i128::MAX => f.write_str("more than 10^38"),
            number => number.fmt(f),
        }
    }
}

impl Whole {
    /// Within 0..2³², the ends for what lies outside: for numbers that were checked, or are not told.
    pub fn clamped(&self) -> u32 {
        u32::try_from(self.0.clamp(0, i128::from(u32::MAX))).unwrap_or(0)
    }

    /// Within 0..2³², or an error that names it.
    pub fn in_32_bits(&self, name: &str) -> Result<u32> {
        u32::try_from(self.0).map_err(|_| {
            RenderError::Input(format!(
                "{name}: expected a number of 1..{}; got {self}; fix: give one inside",
                u32::MAX
            ))
        })
    }

    /// A limit in bytes, or an error that names it; one of 2⁶³ or more limits nothing.
    pub fn limit(&self, name: &str) -> Result<u64> {
        self.not_negative(name)?;
        Ok(u64::try_from(self.0).unwrap_or(u64::MAX).min(i64::MAX.unsigned_abs()))
    }

    /// Bytes to be held, or an error that names them: of the kind `beyond` where they are more than 64 bits count.
    pub fn bytes(&self, name: &str, beyond: fn(String) -> RenderError) -> Result<u64> {
        self.not_negative(name)?;
        u64::try_from(self.0).map_err(|_| {
            beyond(format!("{name}: expected bytes that a machine has; got {self}; fix: 2**28 is 256 MiB"))
        })
    }

    fn not_negative(&self, name: &str) -> Result<()> {
        if self.0 >= 0 {
            return Ok(());
        }
        Err(RenderError::Input(format!("{name}: expected bytes from 0; got {self}; fix: 2**28 is 256 MiB")))
    }
}

/// A number.
pub struct Real(pub f64);

impl<'a, 'py> FromPyObject<'a, 'py> for Real {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<f64>() {
            Ok(value) => Ok(Self(value)),
            // An integer beyond any float.
            Err(error) if error.is_instance_of::<pyo3::exceptions::PyOverflowError>(object.py()) => {
                Ok(Self(f64::INFINITY))
            }
            Err(_) => Err(expected_other("a number", &object)),
        }
    }
}

/// Columns and rows, or width and height.
pub struct Size([Whole; 2]);

impl Size {
    /// Both, or an error that names them.
    pub fn sides(&self, name: &str) -> Result<[u32; 2]> {
        let [x, y] = &self.0;
        match (u32::try_from(x.0), u32::try_from(y.0)) {
            (Ok(x), Ok(y)) => Ok([x, y]),
            _ => Err(RenderError::Input(format!(
                "{name}: expected sides of 1..{}; got {x}×{y}; fix: choose sides inside",
                u32::MAX
            ))),
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Size {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<(Whole, Whole)>() {
            Ok((x, y)) => Ok(Self([x, y])),
            Err(_) => Err(expected_other("two whole numbers", &object)),
        }
    }
}

/// Heights as they came: float32 rows are borrowed, all else is converted strip by strip.
pub enum Heights<'py> {
    /// Rows of C order.
    Borrowed(PyReadonlyArray2<'py, f32>),
    /// Any other.
    Converted(Bound<'py, PyUntypedArray>),
}

impl<'py> Heights<'py> {
    /// Checks shape and type.
    pub fn new(object: &Bound<'py, PyAny>) -> PyResult<Self> {
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
        if is_masked(object)? {
            return Ok(Self::Converted(array.clone()));
        }
        // `is_contiguous` and `as_slice` take Fortran order too: only C order may be read as rows.
        match object.extract::<PyReadonlyArray2<'py, f32>>() {
            // `as_slice` refuses what is off its alignment as well.
            Ok(floats) if floats.is_c_contiguous() && floats.as_slice().is_ok() => Ok(Self::Borrowed(floats)),
            _ => Ok(Self::Converted(array.clone())),
        }
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        let shape = match self {
            Self::Borrowed(array) => array.shape(),
            Self::Converted(array) => array.shape(),
        };
        (shape[0], shape[1])
    }

    /// What can be read without the interpreter at hand.
    pub fn detached(&self) -> PyResult<DetachedHeights<'_>> {
        match self {
            Self::Borrowed(array) => Ok(DetachedHeights::Borrowed(array.as_slice()?)),
            Self::Converted(array) => {
                Ok(DetachedHeights::Converted(array.clone().into_any().unbind(), Mutex::default()))
            }
        }
    }
}

/// Whether it is a masked array: its masked cells are void, whatever lies under the mask.
fn is_masked(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(object.hasattr("mask")? && object.is_instance(&object.py().import("numpy.ma")?.getattr("MaskedArray")?)?)
}

/// The same, for a thread that has let go of the interpreter.
pub enum DetachedHeights<'a> {
    /// Rows of C order.
    Borrowed(&'a [f32]),
    /// Any other array; what its conversion took so far.
    Converted(Py<PyAny>, Mutex<Conversion>),
}

/// Bytes that conversion made, and milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conversion {
    pub bytes: usize,
    pub ms: f64,
}

impl DetachedHeights<'_> {
    /// Some rows of `cols` heights as float32; a converted array is read under the interpreter's lock.
    pub fn rows(&self, rows: Range<u32>, cols: usize) -> PyResult<Cow<'_, [f32]>> {
        let (first, last) = (rows.start as usize, rows.end as usize);
        match self {
            Self::Borrowed(values) => Ok(Cow::Borrowed(&values[first * cols..last * cols])),
            Self::Converted(array, conversion) => Python::attach(|py| {
                let start = Instant::now();
                let strip = array.bind(py).get_item(PySlice::new(py, first as isize, last as isize, 1))?;
                let strip = if is_masked(&strip)? {
                    strip.call_method1("astype", ("float64",))?.call_method1("filled", (f64::NAN,))?
                } else {
                    strip
                };
                let numpy = py.import("numpy")?;
                let quiet = numpy.call_method("errstate", (), Some(&[("over", "ignore")].into_py_dict(py)?))?;
                quiet.call_method0("__enter__")?;
                let floats = numpy.call_method1("require", (&strip, numpy.getattr("float32")?, "CA"));
                quiet.call_method1("__exit__", (py.None(), py.None(), py.None()))?;
                let floats = floats?;
                let finite = |array: &Bound<'_, PyAny>| -> PyResult<usize> {
                    numpy.call_method1("count_nonzero", (numpy.call_method1("isfinite", (array,))?,))?.extract()
                };
                if strip.getattr("dtype")?.getattr("itemsize")?.extract::<usize>()? > 4
                    && finite(&strip)? != finite(&floats)?
                {
                    return Err(RenderError::Input(
                        "heights: expected metres that float32 holds; got numbers beyond 3.4e38; fix: set void cells to NaN".into(),
                    )
                    .into());
                }
                let floats: PyReadonlyArray2<'_, f32> = floats.extract()?;
                let floats = floats.as_slice()?.to_vec();
                let mut conversion = conversion.lock().unwrap_or_else(PoisonError::into_inner);
                conversion.bytes += floats.len() * size_of::<f32>();
                conversion.ms += start.elapsed().as_secs_f64() * 1e3;
                Ok(Cow::Owned(floats))
            }),
        }
    }

    /// What conversion took so far; none for rows that are borrowed.
    pub fn conversion(&self) -> Option<Conversion> {
        match self {
            Self::Borrowed(_) => None,
            Self::Converted(_, conversion) => Some(*conversion.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

/// Heights that come strip by strip: an object with `shape`, `strips()`, and perhaps `height_base`.
pub struct Stream<'py> {
    object: Bound<'py, PyAny>,
    /// Rows and columns.
    pub shape: (u32, u32),
    /// How they are to be held.
    pub stored: Stored,
}

impl<'py> Stream<'py> {
    /// `object` where it is a stream.
    pub fn of(object: &Bound<'py, PyAny>) -> PyResult<Option<Self>> {
        if !object.hasattr("strips")? {
            return Ok(None);
        }
        let (rows, cols) =
            typed::<(usize, usize)>(&object.getattr("shape")?, "shape", "two whole numbers (rows, cols)")?;
        let base = if object.hasattr("height_base")? { Some(object.getattr("height_base")?) } else { None };
        let stored = match base.filter(|base| !base.is_none()) {
            Some(base) => Stored::whole(base.extract::<Real>()?.0)?,
            None => Stored::FLOATS,
        };
        Ok(Some(Self { object: object.clone(), shape: (side(rows)?, side(cols)?), stored }))
    }

    /// The strips, from the top.
    pub fn strips(&self) -> PyResult<Bound<'py, PyIterator>> {
        self.object.call_method0("strips")?.try_iter()
    }
}

/// `(xc, xr, yc, yr)`, or a function that knows them once all rows have come.
pub struct Matrix<'a, 'py>(Option<&'a Bound<'py, PyAny>>);

impl<'a, 'py> Matrix<'a, 'py> {
    /// As it was given.
    pub fn new(given: Option<&'a Bound<'py, PyAny>>) -> Self {
        Self(given)
    }

    fn grid_of((rows, cols): (u32, u32), given: Option<&Bound<'_, PyAny>>) -> PyResult<Grid> {
        let (xc, xr, yc, yr) = match given {
            Some(numbers) => typed::<(f64, f64, f64, f64)>(numbers, "cell_to_world", "four numbers (xc, xr, yc, yr)")?,
            None => (1.0, 0.0, 0.0, -1.0),
        };
        Ok(Grid::new(cols, rows, [xc, xr, yc, yr])?)
    }

    /// The grid as far as it is known before the rows come: a function is not asked yet.
    pub fn before(&self, shape: (u32, u32)) -> PyResult<Grid> {
        Self::grid_of(shape, self.0.filter(|given| !given.is_callable()))
    }

    /// The grid after them.
    pub fn after(&self, shape: (u32, u32)) -> PyResult<Grid> {
        match self.0 {
            Some(given) if given.is_callable() => Self::grid_of(shape, Some(&given.call0()?)),
            given => Self::grid_of(shape, given),
        }
    }
}

/// `object` as the array type asked for, or what was expected and what came.
pub fn typed<'a, 'py, T: FromPyObject<'a, 'py>>(
    object: &'a Bound<'py, PyAny>,
    name: &str,
    expected: &str,
) -> PyResult<T> {
    object.extract().map_err(|_| {
        let got = match object.cast::<PyUntypedArray>() {
            Ok(array) => format!("ndim={}, dtype={}", array.ndim(), array.dtype()),
            Err(_) => object.get_type().to_string(),
        };
        RenderError::Input(format!("{name}: expected {expected}; got {got}; fix: convert it with numpy first")).into()
    })
}

/// Address of the first sample of an array, and bytes of all; zeros for what is none.
pub fn place_of(array: &Bound<'_, PyAny>) -> (usize, usize) {
    array.cast::<PyUntypedArray>().map_or((0, 0), |array| {
        // SAFETY: the object behind the pointer lives as long as the reference; nothing else is read of it.
        let address = unsafe { (*array.as_array_ptr()).data.addr() };
        (address, array.len() * array.dtype().itemsize())
    })
}

/// A side of an array.
pub fn side(value: usize) -> PyResult<u32> {
    u32::try_from(value).map_err(|_| {
        RenderError::Input(format!("heights: expected sides below 2^32; got {value}; fix: read a window")).into()
    })
}

/// The bytes of a picture, kept alive by the array over them.
#[pyclass(frozen, module = "forge3d_native")]
struct PictureBytes(Picture);

/// (height, width, 4) over the very bytes of `picture`: nothing is copied, and what holds them lives as long as the array.
/// Nobody may write into it: the bytes are borrowed, and a mapped buffer is there to be read.
pub fn picture_array(py: Python<'_>, [width, height]: [u32; 2], picture: Picture) -> PyResult<Bound<'_, PyArray3<u8>>> {
    let owner = Bound::new(py, PictureBytes(picture))?;
    let bytes: &[u8] = &owner.get().0;
    let shape = (height as usize, width as usize, 4);
    let view =
        ndarray::ArrayView3::from_shape(shape, bytes).map_err(|error| RenderError::Readback(error.to_string()))?;
    // SAFETY: the bytes do not move and are not freed before `owner`, which the array keeps. Nobody writes them: a mapped
    // buffer is out of the GPU's hands until it is unmapped, which happens when `owner` goes, and the array gives no leave.
    let array = unsafe { PyArray3::borrow_from_array(&view, owner.clone().into_any()) };
    array.try_readwrite().map_err(|error| RenderError::Readback(error.to_string()))?.make_nonwriteable();
    Ok(array)
}

/// Rows and columns of floats.
pub fn array2(py: Python<'_>, [rows, cols]: [usize; 2], values: Vec<f32>) -> PyResult<Bound<'_, PyArray2<f32>>> {
    let array = ndarray::Array2::from_shape_vec((rows, cols), values)
        .map_err(|error| RenderError::Readback(error.to_string()))?;
    Ok(array.into_pyarray(py))
}
