//! Faults on request: a device that is lost, a driver that is out of memory or does not answer. For tests of what happens
//! then, in the very build that users have.
//!
//! The places where a driver may fail are counted; a plan says at which of them it does. Nobody can make a plan but through
//! a function of the Python module that is there only where `FORGE3D_FAULTS=1` stood in the environment at its import.
//! Without a plan a place costs one relaxed load.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where a driver may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A group of calls begins.
    Scope,
    /// A buffer or texture is made.
    Allocation,
    /// Commands are begun, soon to be submitted.
    Commands,
    /// Work of the GPU is waited for.
    Wait,
    /// A buffer is to be seen by the host.
    Mapping,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The device is gone, as after a reset of its driver.
    Lost,
    /// The driver has no memory for a buffer or a texture.
    OutOfMemory,
    /// The GPU does not answer in time.
    TimeOut,
}

impl Fault {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::OutOfMemory => "out of memory",
            Self::TimeOut => "time-out",
        }
    }

    fn fits(self, place: Place) -> bool {
        match self {
            Self::Lost => true,
            Self::OutOfMemory => place == Place::Allocation,
            Self::TimeOut => matches!(place, Place::Wait | Place::Mapping),
        }
    }
}

/// Which faults come when. Places are counted from 1, from the moment the plan is made.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Each comes once, at the first place that fits it from this one on.
    pub faults: Vec<(Fault, u64)>,
    /// Each comes again as many places after it came as it did at first.
    pub again: bool,
}

impl Plan {
    /// One fault of any kind at any of the places 1..=`within`; the same for the same seed.
    #[must_use]
    pub fn random(seed: u64, within: u64) -> Self {
        let kind = [Fault::Lost, Fault::OutOfMemory, Fault::TimeOut][(mixed(seed) % 3) as usize];
        Self { faults: vec![(kind, 1 + mixed(seed ^ 0x5eed) % within.max(1))], again: false }
    }
}

/// Splitmix64 (Steele, Lea, Flood 2014): every bit of the result depends on every bit of the seed.
fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What has happened since the plan was made.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Places passed.
    pub places: u64,
    /// Faults with the places where they came.
    pub came: Vec<(Fault, u64)>,
}

#[derive(Default)]
struct State {
    plan: Vec<(Fault, u64, u64)>,
    again: bool,
    report: Report,
}

static IS_PLANNED: AtomicBool = AtomicBool::new(false);
static STATE: Mutex<State> =
    Mutex::new(State { plan: Vec::new(), again: false, report: Report { places: 0, came: Vec::new() } });

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this process may make plans.
#[must_use]
pub fn are_allowed() -> bool {
    std::env::var("FORGE3D_FAULTS").is_ok_and(|value| value == "1")
}

/// Begins a plan, or ends the last one where there is none; says what happened under the last one.
pub fn plan(plan: Option<Plan>) -> Report {
    let mut state = state();
    IS_PLANNED.store(plan.is_some(), Ordering::Relaxed);
    let plan = plan.unwrap_or_default();
    let begun = State {
        plan: plan.faults.into_iter().map(|(fault, at)| (fault, at, at)).collect(),
        again: plan.again,
        report: Report::default(),
    };
    std::mem::replace(&mut *state, begun).report
}

/// What has happened so far.
#[must_use]
pub fn report() -> Report {
    state().report.clone()
}

/// Counts a place; what goes wrong there, if anything does.
pub(crate) fn at(place: Place) -> Option<Fault> {
    if IS_PLANNED.load(Ordering::Relaxed) { planned_at(place) } else { None }
}

#[cold]
fn planned_at(place: Place) -> Option<Fault> {
    let mut state = state();
    state.report.places += 1;
    let now = state.report.places;
    let due = state.plan.iter().position(|(fault, at, _)| *at <= now && fault.fits(place))?;
    let (fault, _, distance) = state.plan[due];
    if state.again {
        state.plan[due].1 = now + distance;
    } else {
        state.plan.swap_remove(due);
    }
    state.report.came.push((fault, now));
    Some(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_comes_once_where_it_fits_and_again_where_that_is_wanted() {
        assert_eq!(at(Place::Allocation), None, "there is no plan");
        let once = Plan { faults: vec![(Fault::OutOfMemory, 2)], again: false };
        plan(Some(once));
        let passed = [Place::Allocation, Place::Wait, Place::Allocation, Place::Allocation].map(at);
        assert_eq!(passed, [None, None, Some(Fault::OutOfMemory), None]);
        let report = plan(Some(Plan { faults: vec![(Fault::Lost, 2)], again: true }));
        assert_eq!((report.places, report.came), (4, vec![(Fault::OutOfMemory, 3)]));
        let passed = [Place::Scope; 4].map(at);
        assert_eq!(passed, [None, Some(Fault::Lost), None, Some(Fault::Lost)]);
        plan(None);
        assert_eq!(at(Place::Scope), None);
        assert_eq!(report_places(), 0);
    }

    fn report_places() -> u64 {
        super::report().places
    }

    #[test]
    fn seeds_give_every_kind_at_places_all_over() {
        let plans: Vec<_> = (0..200).map(|seed| Plan::random(seed, 50).faults[0]).collect();
        for kind in [Fault::Lost, Fault::OutOfMemory, Fault::TimeOut] {
            let places: std::collections::BTreeSet<u64> =
                plans.iter().filter(|(fault, _)| *fault == kind).map(|(_, at)| *at).collect();
            assert!(places.len() > 20 && places.iter().all(|at| (1..=50).contains(at)), "{kind:?} {places:?}");
        }
        assert_eq!(Plan::random(7, 50).faults, Plan::random(7, 50).faults);
    }
}
