//! Faults on request, for tests. Only where `FORGE3D_FAULTS=1` stood in the environment at import.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::arrays::Whole;
use super::errors::guarded;
use crate::gpu::faults::{self, Fault, Plan};

/// Begins a plan of faults, or ends the last one where nothing is asked for; says what happened under the last one.
#[pyfunction]
#[pyo3(signature = (*, seed = None, within = Whole(200), lose_at = None, fail_allocation_at = None, time_out_at = None, again = false))]
pub fn _faults(
    py: Python<'_>,
    seed: Option<Whole>,
    within: Whole,
    lose_at: Option<Whole>,
    fail_allocation_at: Option<Whole>,
    time_out_at: Option<Whole>,
    again: bool,
) -> PyResult<Bound<'_, PyDict>> {
    let whole = |number: Whole| u64::try_from(number.0.unsigned_abs()).unwrap_or(u64::MAX);
    let mut plan = Plan { faults: Vec::new(), again };
    if let Some(seed) = seed {
        plan.faults.extend(Plan::random(whole(seed), whole(within)).faults);
    }
    let chosen = [(Fault::Lost, lose_at), (Fault::OutOfMemory, fail_allocation_at), (Fault::TimeOut, time_out_at)];
    plan.faults.extend(chosen.into_iter().filter_map(|(fault, at)| Some((fault, whole(at?)))));
    let report = guarded(|| Ok(faults::plan((!plan.faults.is_empty()).then_some(plan))))?;
    let dict = PyDict::new(py);
    dict.set_item("places", report.places)?;
    dict.set_item("came", report.came.iter().map(|(fault, at)| (fault.name(), *at)).collect::<Vec<_>>())?;
    Ok(dict)
}
