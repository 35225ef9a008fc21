//! A bounded queue behind the `log` facade: the host drains it from its own thread, so no log call ever enters Python.
//!
//! What is kept follows the variable `FORGE3D_LOG`, or `RUST_LOG` where that is not set, in env_logger's form: `debug`,
//! `warn,forge3d_native=trace`. Without either it follows the level that the host sets: all warnings, and our own words
//! from that level on (wgpu talks a lot), which is info in the beginning.

use std::collections::VecDeque;
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use env_filter::{Builder, Filter};

use crate::error::{RenderError, Result};

const KEPT: usize = 1000;
/// Levels that a host may set, from silence to everything.
pub const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
const DEFAULT: &str = "info";

static RECORDS: Mutex<VecDeque<(String, String, String)>> = Mutex::new(VecDeque::new());

struct Collector {
    filter: RwLock<Filter>,
}

static COLLECTOR: OnceLock<Collector> = OnceLock::new();

impl log::Log for Collector {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        self.filter.read().unwrap_or_else(PoisonError::into_inner).enabled(metadata)
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.filter.read().unwrap_or_else(PoisonError::into_inner).matches(record) {
            return;
        }
        if let Ok(mut records) = RECORDS.lock() {
            if records.len() == KEPT {
                records.pop_front();
            }
            records.push_back((record.level().to_string(), record.target().to_owned(), record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

/// What the environment wants to be kept, if it says.
fn wanted(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    ["FORGE3D_LOG", "RUST_LOG"].into_iter().find_map(|name| variable(name).filter(|text| !text.is_empty()))
}

fn filter(wanted: Option<String>, level: &str) -> Filter {
    let quiet = matches!(level, "off" | "error");
    let ours = if quiet { level.to_owned() } else { format!("warn,forge3d_native={level}") };
    Builder::new().parse(&wanted.unwrap_or(ours)).build()
}

fn of_process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Installs the collector; a second call, or a logger of the host, leaves things as they are.
pub fn install() {
    let collector = COLLECTOR.get_or_init(|| Collector { filter: RwLock::new(filter(wanted(of_process), DEFAULT)) });
    if log::set_logger(collector).is_ok() {
        log::set_max_level(collector.filter.read().unwrap_or_else(PoisonError::into_inner).filter());
    }
}

/// Keeps our own words from `level` on, from now on. False where the environment says what is kept, which goes before.
pub fn set_level(level: &str) -> Result<bool> {
    if !LEVELS.contains(&level) {
        return Err(RenderError::Input(format!(
            "log level: expected one of {}; got {level:?}; fix: info is the ordinary one",
            LEVELS.join(", ")
        )));
    }
    let from_environment = wanted(of_process);
    if from_environment.is_some() {
        return Ok(false);
    }
    if let Some(collector) = COLLECTOR.get() {
        let next = filter(None, level);
        log::set_max_level(next.filter());
        *collector.filter.write().unwrap_or_else(PoisonError::into_inner) = next;
    }
    Ok(true)
}

/// `(level, target, text)` since the last call, oldest first.
pub fn drain() -> Vec<(String, String, String)> {
    RECORDS.lock().map(|mut records| records.drain(..).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeps(variables: &[(&str, &str)], level: log::Level, target: &str) -> bool {
        let find =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        filter(wanted(find), DEFAULT).enabled(&log::Metadata::builder().level(level).target(target).build())
    }

    #[test]
    fn our_own_variable_comes_before_the_common_one() {
        use log::Level::{Debug, Info, Warn};
        assert!(keeps(&[], Info, "forge3d_native::gpu") && keeps(&[], Warn, "wgpu_hal"));
        assert!(!keeps(&[], Info, "wgpu_hal") && !keeps(&[], Debug, "forge3d_native::gpu"));
        assert!(keeps(&[("RUST_LOG", "debug")], Debug, "wgpu_hal"));
        assert!(!keeps(&[("FORGE3D_LOG", "error"), ("RUST_LOG", "debug")], Warn, "forge3d_native"));
        assert!(keeps(&[("FORGE3D_LOG", ""), ("RUST_LOG", "debug")], Debug, "forge3d_native"));
    }

    #[test]
    fn a_level_is_of_our_own_words_and_silence_of_all() {
        use log::Level::{Debug, Error, Info, Warn};
        let kept = |level: &str, of: log::Level, target: &str| {
            filter(None, level).enabled(&log::Metadata::builder().level(of).target(target).build())
        };
        assert!(kept("debug", Debug, "forge3d_native::gpu") && !kept("debug", Info, "wgpu_hal"));
        assert!(kept("warn", Warn, "wgpu_hal") && !kept("warn", Info, "forge3d_native"));
        assert!(kept("error", Error, "wgpu_hal") && !kept("error", Warn, "forge3d_native"));
        assert!(!kept("off", Error, "forge3d_native"));
        assert!(set_level("loud").expect_err("no level").to_string().contains("off, error, warn"));
    }
}
