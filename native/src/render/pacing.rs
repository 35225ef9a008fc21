//! How much to trace in one submit: from the rate that was measured last. Pure numbers, no GPU, no clock.

/// What a submit aims at, milliseconds: far enough below the promised 100 for rows that turn out harder than the last
/// ones.
const SUBMIT_MS: f64 = 30.0;
/// Growth of the rate from one submit to the next, at most: the next rows may be harder.
const GROWTH: f64 = 1.5;

/// Pixels a millisecond, as last measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pacing {
    rate: f64,
}

impl Pacing {
    /// `expected`: pixels a millisecond before the first measurement.
    #[must_use]
    pub fn new(expected: f64) -> Self {
        Self { rate: expected }
    }

    /// Rows of `pixels_a_row` for the next submit, of those that are `left`: one at least.
    #[must_use]
    pub fn rows(&self, pixels_a_row: u32, left: u32) -> u32 {
        let rows = (self.rate * SUBMIT_MS / f64::from(pixels_a_row.max(1))).clamp(1.0, 60_000.0) as u32;
        rows.min(left)
    }

    /// Rows that still go into a submit of `pixels` already: none where it would take longer than a submit should, or
    /// than `spare_ms`.
    #[must_use]
    pub fn further_rows(&self, pixels: f64, pixels_a_row: u32, left: u32, spare_ms: f64) -> u32 {
        let room = self.rate * spare_ms.min(SUBMIT_MS) - pixels;
        ((room / f64::from(pixels_a_row.max(1))).clamp(0.0, 60_000.0) as u32).min(left)
    }

    /// Milliseconds that so many pixels are expected to take.
    #[must_use]
    pub fn expected_ms(&self, pixels: f64) -> f64 {
        pixels / self.rate
    }

    /// Learns from a submit: up by half at most, down at once.
    pub fn learn(&mut self, pixels: f64, milliseconds: f64) {
        self.rate = (pixels / milliseconds.max(0.01)).min(self.rate * GROWTH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submit_holds_what_the_last_rate_does_in_its_time() {
        let pacing = Pacing::new(1000.0);
        assert_eq!(pacing.rows(3000, 100), 10);
        assert_eq!(pacing.rows(3000, 4), 4, "no more than there are");
        assert_eq!(pacing.rows(1_000_000, 100), 1, "one at least");
    }

    #[test]
    fn rows_of_further_samples_fill_a_submit_up_and_no_more() {
        let pacing = Pacing::new(1000.0);
        assert_eq!(pacing.further_rows(10_000.0, 3000, 100, 1e9), 6, "20000 pixels are left of 30 ms");
        assert_eq!(pacing.further_rows(10_000.0, 3000, 100, 16.0), 2, "6000 of 16 ms");
        assert_eq!(pacing.further_rows(29_000.0, 3000, 100, 1e9), 0);
        assert_eq!(pacing.further_rows(40_000.0, 3000, 100, 1e9), 0);
        assert_eq!(pacing.further_rows(10_000.0, 3000, 4, 1e9), 4);
    }

    #[test]
    fn the_rate_falls_at_once_and_climbs_step_by_step() {
        let mut pacing = Pacing::new(1000.0);
        pacing.learn(1000.0, 10.0);
        assert_eq!(pacing.rows(100, 1000), 30);
        pacing.learn(1e9, 10.0);
        assert_eq!(pacing.rows(100, 1000), 45);
        pacing.learn(1e9, 0.0);
        assert_eq!(pacing.rows(100, 1000), 67);
    }
}
