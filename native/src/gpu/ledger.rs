//! What the process holds: one ledger of every reservation, and the budgets that decide what may be reserved.
//!
//! The ledger is one for the process and outlives devices: closing one loses no count. What may be held is decided by
//! budgets, its children: a renderer has one of its own, or shares the common one. No budget knows another's limits.
//! Python registers what it holds, too: as much of it as is counted against the common budget, or, where an array belongs
//! to a caller, in the ledger alone.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::error::{RenderError, Result};
use crate::gpu::adapter::AdapterKind;
use crate::gpu::default_budget::{Held as HeldBytes, Limits, MemoryFacts};
use crate::gpu::health::{Health, MARKS};
use crate::gpu::host_heap;

const MIB: u64 = 1 << 20;
/// Fewer bytes are not told in MiB.
const SMALL: u64 = MIB / 10;
/// More than any machine has: sums of reservations stay within 64 bits.
const MOST: u64 = 1 << 62;

/// What a reservation is called: a budget category.
pub type Label = Cow<'static, str>;

/// What a reservation is for, and so which counts and limits it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Bytes in a row. `host_visible`: the host maps them.
    Buffer {
        /// Whether the host maps it.
        host_visible: bool,
    },
    /// Pixels.
    Texture,
}

/// Who holds what was reserved, and so where it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A device: in the ledger and in the budget.
    Device,
    /// Another renderer, whose reservation stands in the ledger: in the budget only.
    Other,
    /// Python, and it counts: in the ledger and in the budget.
    Python,
    /// An array in Python: in the ledger only.
    Array,
}

impl Holder {
    fn is_in_ledger(self) -> bool {
        self != Self::Other
    }

    fn is_in_budget(self) -> bool {
        self != Self::Array
    }
}

#[derive(Debug)]
struct Entry {
    label: Label,
    bytes: u64,
    resource: Resource,
    holder: Holder,
}

/// Live bytes and how many owners they have.
#[derive(Debug, Clone, Default)]
struct Held {
    buffer_count: u64,
    buffer_bytes: u64,
    texture_count: u64,
    texture_bytes: u64,
    host_visible_bytes: u64,
    python_bytes: u64,
    array_bytes: u64,
    by_label: BTreeMap<Label, u64>,
}

impl Held {
    fn total(&self) -> u64 {
        self.buffer_bytes + self.texture_bytes
    }

    /// Adds or takes away: `change` is `+=` or `-=`.
    fn change(&mut self, entry: &Entry, change: fn(&mut u64, u64)) {
        let (count, bytes) = match entry.resource {
            Resource::Buffer { .. } => (&mut self.buffer_count, &mut self.buffer_bytes),
            Resource::Texture => (&mut self.texture_count, &mut self.texture_bytes),
        };
        change(count, 1);
        change(bytes, entry.bytes);
        if entry.resource == (Resource::Buffer { host_visible: true }) && entry.holder != Holder::Array {
            change(&mut self.host_visible_bytes, entry.bytes);
        }
        if matches!(entry.holder, Holder::Python | Holder::Array) {
            change(&mut self.python_bytes, entry.bytes);
        }
        if entry.holder == Holder::Array {
            change(&mut self.array_bytes, entry.bytes);
        }
        let held = self.by_label.entry(entry.label.clone()).or_default();
        change(held, entry.bytes);
        if *held == 0 {
            self.by_label.remove(&entry.label);
        }
    }

    fn add(&mut self, entry: &Entry) {
        self.change(entry, |sum, bytes| *sum += bytes);
    }

    fn remove(&mut self, entry: &Entry) {
        self.change(entry, |sum, bytes| *sum -= bytes);
    }

    /// Largest labels first, `most` at most.
    fn top(&self, most: usize) -> Vec<(String, u64)> {
        let mut top: Vec<(&Label, u64)> = self.by_label.iter().map(|(label, bytes)| (label, *bytes)).collect();
        top.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        top.truncate(most);
        top.into_iter().map(|(label, bytes)| (label.clone().into_owned(), bytes)).collect()
    }
}

/// A copy of the process ledger's numbers.
#[derive(Debug, Clone, Default)]
pub struct MemoryMetrics {
    /// Live buffers.
    pub buffer_count: u64,
    /// Their bytes.
    pub buffer_bytes: u64,
    /// Live textures.
    pub texture_count: u64,
    /// Their bytes.
    pub texture_bytes: u64,
    /// Bytes of mappable buffers.
    pub host_visible_bytes: u64,
    /// Bytes of all else but the arrays in Python, which lie on no device.
    pub device_local_bytes: u64,
    /// What Python registered, arrays included; the rest is what the driver's allocator must know of.
    pub python_bytes: u64,
    /// Highest total so far, or since the peak was reset.
    pub peak_bytes: u64,
    /// The same without what Python registered.
    pub device_peak_bytes: u64,
    /// Reservations made so far.
    pub allocation_count: u64,
    /// Limits of the common budget.
    pub limits: Option<Limits>,
    /// What is held of it.
    pub common_bytes: u64,
    /// Of that, what the host maps.
    pub common_host_visible_bytes: u64,
    /// Whether every budget keeps its limits (one that was lowered later may be passed, and any where the policy only warns).
    pub within_budget: bool,
    /// What happens to a reservation beyond a limit.
    pub policy: BudgetPolicy,
    /// Largest labels first, eight at most.
    pub top: Vec<(String, u64)>,
}

impl MemoryMetrics {
    /// All live bytes.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.buffer_bytes + self.texture_bytes
    }
}

/// What happens to a reservation beyond a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BudgetPolicy {
    /// It is refused.
    #[default]
    Enforce,
    /// It is made, and a log record tells.
    Warn,
}

impl BudgetPolicy {
    /// The policy of a name.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "enforce" => Ok(Self::Enforce),
            "warn" => Ok(Self::Warn),
            other => Err(RenderError::Input(format!(
                "policy: expected \"enforce\" or \"warn\"; got {other:?}; fix: \"enforce\" refuses what passes a limit, \
                 \"warn\" makes it and tells"
            ))),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Warn => "warn",
        }
    }
}

#[derive(Debug, Default)]
struct LedgerState {
    held: Held,
    peak_bytes: u64,
    device_peak_bytes: u64,
    allocation_count: u64,
    /// Budgets that are over their limits now, without the common one.
    passed: u64,
    /// Default limits of the adapter that was used last.
    default: Option<Limits>,
    policy: BudgetPolicy,
    /// Whether the device takes its memory from the C library's heap, where the arrays of Python lie, too.
    is_on_host_heap: bool,
    /// What was freed since that heap was told to give back.
    freed_bytes: u64,
}

/// So much may be free in the C library's heap before it is told to give it back to the system.
const GIVE_BACK_AFTER: u64 = 64 * MIB;

impl LedgerState {
    /// Takes it out; true when the heap is to give back.
    fn remove(&mut self, entry: &Entry) -> bool {
        self.held.remove(entry);
        if !self.is_on_host_heap {
            return false;
        }
        self.freed_bytes += entry.bytes;
        let enough = self.freed_bytes >= GIVE_BACK_AFTER;
        if enough {
            self.freed_bytes = 0;
        }
        enough
    }

    fn note_peak(&mut self) {
        self.peak_bytes = self.peak_bytes.max(self.held.total());
        self.device_peak_bytes = self.device_peak_bytes.max(self.held.total() - self.held.python_bytes);
    }
}

static LEDGER: LazyLock<Mutex<LedgerState>> = LazyLock::new(Mutex::default);
static COMMON: LazyLock<Arc<Budget>> = LazyLock::new(|| Arc::new(Budget::unlimited()));

fn ledger() -> MutexGuard<'static, LedgerState> {
    LEDGER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The numbers of the whole process now.
#[must_use]
pub fn metrics() -> MemoryMetrics {
    // Budget before ledger, here as in every reservation: one order, no deadlock.
    let common = COMMON.state();
    let state = ledger();
    let limits = common.limits.or(state.default);
    let held = &state.held;
    MemoryMetrics {
        buffer_count: held.buffer_count,
        buffer_bytes: held.buffer_bytes,
        texture_count: held.texture_count,
        texture_bytes: held.texture_bytes,
        host_visible_bytes: held.host_visible_bytes,
        device_local_bytes: held.total() - held.host_visible_bytes - held.array_bytes,
        python_bytes: held.python_bytes,
        peak_bytes: state.peak_bytes,
        device_peak_bytes: state.device_peak_bytes,
        allocation_count: state.allocation_count,
        limits,
        common_bytes: common.held.total(),
        common_host_visible_bytes: common.held.host_visible_bytes,
        within_budget: limits.is_none_or(|limits| common.fits(limits)) && state.passed == 0,
        policy: state.policy,
        top: held.top(8),
    }
}

/// The limits of the common budget while nobody chose any; none before an adapter was in use.
#[must_use]
pub fn default_limits() -> Option<Limits> {
    ledger().default
}

/// Lets these limits follow what the system has free: `facts` tells it, of the adapter in use, for what is held. The
/// limits and the facts of now. `anew`: the adapter is another one, so there is nothing to follow.
pub(crate) fn follow_free_memory(facts: impl FnOnce(HeldBytes) -> MemoryFacts, anew: bool) -> (Limits, MemoryFacts) {
    let mut state = ledger();
    let held = HeldBytes { total: state.held.total(), of_host: state.held.host_visible_bytes + state.held.array_bytes };
    let facts = facts(held);
    let fresh = facts.default_limits();
    let limits = state.default.filter(|_| !anew).map_or(fresh, |limits| limits.followed_by(fresh));
    state.default = Some(limits);
    state.is_on_host_heap = facts.kind == AdapterKind::Software;
    (limits, facts)
}

/// The peaks begin anew at what is held now.
pub fn reset_peak() {
    let mut state = ledger();
    (state.peak_bytes, state.device_peak_bytes) = (0, 0);
    state.note_peak();
}

/// Chooses what happens to reservations beyond a limit, of all budgets.
pub fn set_policy(policy: BudgetPolicy) {
    ledger().policy = policy;
}

/// Before any adapter is in use its limits are not known: those of one that shares the system's memory stand in for them.
fn assume_default_limits() {
    if ledger().default.is_none() {
        let limits = MemoryFacts::of(AdapterKind::Other, None, HeldBytes::default()).default_limits();
        ledger().default.get_or_insert(limits);
    }
}

/// What Python holds for the renderer, counted against the common budget and refused like any other, or, not `counted`, in
/// the ledger alone.
pub fn register(label: Label, bytes: u64, resource: Resource, counted: bool) -> Result<Reservation> {
    assume_default_limits();
    Budget::common().reserve(label, bytes, resource, if counted { Holder::Python } else { Holder::Array })
}

/// Whether `bytes` more would fit the common budget, whatever the policy: else the error of a refused reservation.
pub fn check_common_budget(bytes: u64) -> Result<()> {
    assume_default_limits();
    let state = COMMON.state();
    state.refusal(state.limits.or(ledger().default), "check_budget", bytes, Resource::Buffer { host_visible: false })
}

#[derive(Debug, Default)]
struct BudgetState {
    limits: Option<Limits>,
    held: Held,
    passed: bool,
    health: Health,
}

/// Something for the log, written when no lock is held.
type Record = Option<(log::Level, String)>;

fn log_record(record: Record) {
    if let Some((level, text)) = record {
        log::log!(level, "{text}");
    }
}

impl BudgetState {
    fn fits(&self, limits: Limits) -> bool {
        self.held.total() <= limits.total && self.held.host_visible_bytes <= limits.host_visible
    }

    /// The error of a reservation that would pass one of `limits`.
    fn refusal(&self, limits: Option<Limits>, label: &str, bytes: u64, resource: Resource) -> Result<()> {
        let Some(Limits { host_visible, total }) = limits.filter(|_| bytes > 0) else { return Ok(()) };
        let (visible, all) = (self.held.host_visible_bytes, self.held.total());
        let (which, held, limit) = match resource {
            Resource::Buffer { host_visible: true } if visible.saturating_add(bytes) > host_visible => {
                ("host-visible", visible, host_visible)
            }
            _ if all.saturating_add(bytes) > total => ("total", all, total),
            _ => return Ok(()),
        };
        let left = limit.saturating_sub(held);
        let (most, got) = match (in_mib(left), in_mib(bytes)) {
            (most, got) if most == got => (format!("{left} bytes"), format!("{bytes} bytes")),
            told => told,
        };
        Err(RenderError::Budget(format!(
            "{label}: expected at most {most} more within the {which} limit of {}, of which {} are held; got {got}; {}; \
             fix: read the DEM at a lower resolution, make the picture smaller, or raise the memory budget",
            in_mib(limit),
            in_mib(held),
            self.top_consumers(),
        )))
    }

    fn top_consumers(&self) -> String {
        let top: Vec<String> =
            self.held.top(5).iter().map(|(label, bytes)| format!("{label} {}", in_mib(*bytes))).collect();
        if top.is_empty() { "nothing else is held".to_owned() } else { format!("top consumers: {}", top.join(", ")) }
    }

    /// After a change: a record where a mark of health was passed by it.
    fn crossing(&mut self, limits: Limits) -> Record {
        let share = |held: u64, limit: u64| if held == 0 { 0.0 } else { held as f64 / limit as f64 };
        let of_total = share(self.held.total(), limits.total);
        let of_visible = share(self.held.host_visible_bytes, limits.host_visible);
        let passed = self.health.passed(of_total.max(of_visible))?;
        let (which, held, limit) = if of_total >= of_visible {
            ("total", self.held.total(), limits.total)
        } else {
            ("host-visible", self.held.host_visible_bytes, limits.host_visible)
        };
        let level = if passed > MARKS[0] { log::Level::Warn } else { log::Level::Info };
        let said = if passed < 1.0 { format!("more than {:.0} % of", 100.0 * passed) } else { "more than".to_owned() };
        Some((
            level,
            format!(
                "memory: {said} the {which} limit of a budget is held: {} of {}; {}",
                in_mib(held),
                in_mib(limit),
                self.top_consumers()
            ),
        ))
    }
}

/// What one renderer, or all that have no budget of their own, may hold.
#[derive(Debug)]
pub struct Budget {
    state: Mutex<BudgetState>,
}

impl Budget {
    fn unlimited() -> Self {
        Self { state: Mutex::default() }
    }

    /// A renderer's own: `total` bytes, of them as many host-visible as the adapter's default allows.
    #[must_use]
    pub fn own(total: u64, host_visible: u64) -> Arc<Self> {
        let budget = Self::unlimited();
        budget.state().limits = Some(Limits { host_visible, total });
        Arc::new(budget)
    }

    /// The one of all renderers without a budget of their own.
    #[must_use]
    pub fn common() -> Arc<Self> {
        Arc::clone(&COMMON)
    }

    fn state(&self) -> MutexGuard<'_, BudgetState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets limits; `None` is the default of the adapter in use. What is held stays.
    pub fn set_limits(&self, limits: Option<Limits>) {
        let mut state = self.state();
        state.limits = limits;
        let record = self.note_change(&mut state);
        drop(state);
        log_record(record);
    }

    /// The limits in force and the bytes held, total and host-visible.
    #[must_use]
    pub fn now(&self) -> (Limits, u64, u64) {
        let state = self.state();
        let limits = state.limits.or(ledger().default).unwrap_or(Limits { host_visible: u64::MAX, total: u64::MAX });
        (limits, state.held.total(), state.held.host_visible_bytes)
    }

    /// Keeps the ledger's number of passed budgets, and tells what was passed.
    fn note_change(&self, state: &mut BudgetState) -> Record {
        let limits = state.limits.or(ledger().default)?;
        let passed = !state.fits(limits);
        if passed != state.passed && !std::ptr::eq(self, &raw const **COMMON) {
            let mut ledger = ledger();
            ledger.passed = if passed { ledger.passed + 1 } else { ledger.passed - 1 };
        }
        state.passed = passed;
        state.crossing(limits)
    }

    /// Counts `bytes` where `holder` says. Nothing is counted where it is refused.
    pub(crate) fn reserve(
        self: &Arc<Self>,
        label: impl Into<Label>,
        bytes: u64,
        resource: Resource,
        holder: Holder,
    ) -> Result<Reservation> {
        let entry = Entry { label: label.into(), bytes, resource, holder };
        let mut state = self.state();
        let mut ledger = ledger();
        if bytes > MOST || ledger.held.total().max(state.held.total()) > MOST - bytes {
            return Err(RenderError::Input(format!(
                "{}: expected bytes that a machine has; got {bytes}; fix: 2**28 is 256 MiB",
                entry.label
            )));
        }
        if holder.is_in_budget() && ledger.policy == BudgetPolicy::Enforce {
            state.refusal(state.limits.or(ledger.default), &entry.label, bytes, resource)?;
        }
        if holder.is_in_ledger() {
            ledger.held.add(&entry);
            ledger.allocation_count += 1;
            ledger.note_peak();
        }
        drop(ledger);
        let mut record = None;
        if holder.is_in_budget() {
            state.held.add(&entry);
            record = self.note_change(&mut state);
        }
        drop(state);
        log_record(record);
        Ok(Reservation { budget: Arc::clone(self), entry })
    }
}

/// In MiB, and where that would be nothing in smaller units.
pub(crate) fn in_mib(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..SMALL => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / MIB as f64),
    }
}

/// Bytes promised to one owner; given back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<Budget>,
    entry: Entry,
}

impl Reservation {
    /// How many.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.entry.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.entry.holder.is_in_budget() {
            let mut state = self.budget.state();
            state.held.remove(&self.entry);
            let record = self.budget.note_change(&mut state);
            drop(state);
            log_record(record);
        }
        if self.entry.holder.is_in_ledger() {
            let gives_back = ledger().remove(&self.entry);
            if gives_back {
                host_heap::give_back();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUFFER: Resource = Resource::Buffer { host_visible: false };
    const LABEL: &str = "forge3d.test";
    /// The ledger, its policy and the log belong to the process: tests that look at them run one after the other.
    static ALONE: Mutex<()> = Mutex::new(());

    fn alone() -> MutexGuard<'static, ()> {
        ALONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    fn budgets_do_not_know_each_other_and_the_process_counts_what_is_shared_once() {
        let _alone = alone();
        let (first, second) = (Budget::own(1000, 1000), Budget::own(500, 500));
        // By label: other tests of this process hold memory, too.
        let in_the_ledger = || ledger().held.by_label.get(LABEL).copied().unwrap_or(0);
        let held = first.reserve(LABEL, 900, BUFFER, Holder::Device).expect("it fits");
        let other = second.reserve(LABEL, 400, BUFFER, Holder::Device).expect("the first budget is not asked");
        let refused = second.reserve("forge3d.test.more", 200, BUFFER, Holder::Device).expect_err("too much");
        let text = refused.to_string();
        assert!(text.contains("forge3d.test.more") && text.contains("top consumers: forge3d.test 400 bytes"), "{text}");
        drop(other);
        let shared = second.reserve(LABEL, 450, Resource::Texture, Holder::Other).expect("it fits");
        assert_eq!(second.now().1, 450);
        assert_eq!(in_the_ledger(), 900);
        drop((held, shared));
        assert_eq!((first.now().1, second.now().1, in_the_ledger()), (0, 0, 0));
    }

    #[test]
    fn a_limit_lowered_under_what_is_held_is_told_until_enough_is_freed() {
        let _alone = alone();
        let budget = Budget::own(1000, 1000);
        let held = budget.reserve(LABEL, 800, BUFFER, Holder::Device).expect("it fits");
        budget.set_limits(Some(Limits { host_visible: 100, total: 100 }));
        assert!(!metrics().within_budget);
        drop(held);
        assert!(metrics().within_budget);
    }

    #[test]
    fn a_policy_that_warns_makes_what_passes_a_limit_and_says_that_it_is_passed() {
        let _alone = alone();
        let budget = Budget::own(1000, 100);
        set_policy(BudgetPolicy::Warn);
        let held = budget.reserve(LABEL, 1500, BUFFER, Holder::Device);
        let visible = budget.reserve(LABEL, 150, Resource::Buffer { host_visible: true }, Holder::Device);
        set_policy(BudgetPolicy::Enforce);
        assert!(!metrics().within_budget);
        assert!(budget.reserve(LABEL, 1, BUFFER, Holder::Device).is_err(), "enforced again");
        drop(held.expect("it is made"));
        assert!(!metrics().within_budget, "the host-visible limit is passed yet");
        drop(visible.expect("it is made"));
        assert!(metrics().within_budget);
    }
}
