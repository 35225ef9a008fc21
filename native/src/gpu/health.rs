//! When the share of a budget that is held is worth a word: each of a few marks once, until it fell clearly below.

/// Shares of a limit: more than the first is high, more than the second critical.
pub(crate) const HEALTH_MARKS: (f64, f64) = (0.75, 0.90);
/// These, and the limit itself, which is passed where the policy only warns.
pub(crate) const MARKS: [f64; 3] = [HEALTH_MARKS.0, HEALTH_MARKS.1, 1.0];
/// How far below a mark a share must fall before passing it is told again.
const FALL: f64 = 0.05;

/// Which marks were told.
#[derive(Debug, Default)]
pub(crate) struct Health {
    told: [bool; MARKS.len()],
}

impl Health {
    /// The highest mark that `share` passed since the last call.
    pub(crate) fn passed(&mut self, share: f64) -> Option<f64> {
        let mut passed = None;
        for (mark, told) in MARKS.into_iter().zip(&mut self.told) {
            if share > mark && !*told {
                *told = true;
                passed = Some(mark);
            } else if share < mark - FALL {
                *told = false;
            }
        }
        passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passing_a_mark_is_told_once_until_the_share_fell_clearly_below() {
        let mut health = Health::default();
        for (step, (share, told)) in [
            (0.70, None),
            (0.76, Some(0.75)),
            (0.72, None),
            (0.76, None),
            (0.91, Some(0.90)),
            (0.86, None),
            (0.91, None),
            (0.84, None),
            (0.91, Some(0.90)),
            (0.69, None),
            (0.95, Some(0.90)),
            (1.01, Some(1.0)),
            (0.96, None),
            (1.01, None),
            (0.0, None),
            (f64::INFINITY, Some(1.0)),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(health.passed(share), told, "step {step}");
        }
    }
}
