//! A bounded queue behind the `log` facade: the host drains it from its own thread, so no log call ever enters Python.
//!
//! What is kept follows the variable `FORGE3D_LOG`, or `RUST_LOG` where that is not set, in env_logger's form: `debug`,
//! `warn,forge3d_native=trace`. Without either: all warnings, and our own words from info on (wgpu talks a lot).

use std::collections::VecDeque;
use std::sync::{Mutex, OnceLock};

use env_filter::{Builder, Filter};

const KEPT: usize = 1000;
const DEFAULT: &str = "warn,forge3d_native=info";

static RECORDS: Mutex<VecDeque<(String, String, String)>> = Mutex::new(VecDeque::new());

struct Collector {
    filter: Filter,
}

impl log::Log for Collector {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        self.filter.enabled(metadata)
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.filter.matches(record) {
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

fn filter(variable: impl Fn(&str) -> Option<String>) -> Filter {
    let wanted =
        ["FORGE3D_LOG", "RUST_LOG"].into_iter().find_map(|name| variable(name).filter(|text| !text.is_empty()));
    Builder::new().parse(wanted.as_deref().unwrap_or(DEFAULT)).build()
}

/// Installs the collector; a second call, or a logger of the host, leaves things as they are.
pub fn install() {
    static COLLECTOR: OnceLock<Collector> = OnceLock::new();
    let collector = COLLECTOR.get_or_init(|| Collector { filter: filter(|name| std::env::var(name).ok()) });
    if log::set_logger(collector).is_ok() {
        log::set_max_level(collector.filter.filter());
    }
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
        filter(find).enabled(&log::Metadata::builder().level(level).target(target).build())
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
}
