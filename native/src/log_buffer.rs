//! A bounded queue behind the `log` facade: the host drains it from its own thread, so no log call ever enters Python.

use std::collections::VecDeque;
use std::sync::Mutex;

const KEPT: usize = 1000;

static RECORDS: Mutex<VecDeque<(String, String, String)>> = Mutex::new(VecDeque::new());

struct Collector;

impl log::Log for Collector {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        // Below warnings only our own words count: wgpu talks a lot.
        metadata.level() <= log::Level::Warn
            || (metadata.level() <= log::Level::Info && metadata.target().starts_with("forge3d"))
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
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

/// Installs the collector; a second call, or a logger of the host, leaves things as they are.
pub fn install() {
    if log::set_logger(&Collector).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
    }
}

/// `(level, target, text)` since the last call, oldest first.
pub fn drain() -> Vec<(String, String, String)> {
    RECORDS.lock().map(|mut records| records.drain(..).collect()).unwrap_or_default()
}
