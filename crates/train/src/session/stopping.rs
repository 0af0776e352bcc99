//! The rules that end a run when an epoch has ended, and what they remember from epoch to epoch. NOT: epochs, steps and
//! seconds, which are limits.

use crate::describe::stopping::{Monitor, Stopping};

/// What the rules remember; saved with the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// Sum of the gradient norms of the epoch at hand, and its updates.
    norms: f64,
    updates: f64,
    /// The epoch that patience counts from, and its validation loss; 0 and infinity before there is one.
    waiting_since: f64,
    waited_loss: f64,
    /// The same of the relative improvement.
    improved: f64,
    reference: f64,
}

impl Default for Watch {
    fn default() -> Self {
        Watch::new(0.0, 0.0, f64::INFINITY)
    }
}

impl Watch {
    pub const COUNT: usize = 6;

    /// Of a run with so many updates in the epoch at hand, whose best epoch so far is this one.
    pub fn new(updates: f64, best_epoch: f64, best_loss: f64) -> Watch {
        let reference = f64::INFINITY;
        Watch { norms: 0.0, updates, waiting_since: best_epoch, waited_loss: best_loss, improved: 0.0, reference }
    }

    /// An update with a gradient of this norm.
    pub fn updated(&mut self, norm: f64) {
        self.norms += norm;
        self.updates += 1.0;
    }

    /// Updates of the epoch at hand.
    pub fn updates(&self) -> f64 {
        self.updates
    }

    /// After epoch `epoch` (from 1) with its mean loss, and that of the validation part where there is one: the rule by
    /// which the run ends, if one does. The next epoch begins.
    pub fn ended(
        &mut self,
        rules: &Stopping,
        epoch: u64,
        loss: f64,
        validation_loss: Option<f64>,
    ) -> Option<&'static str> {
        let epoch = epoch as f64;
        let norm = self.norms / self.updates;
        (self.norms, self.updates) = (0.0, 0.0);
        if validation_loss.is_some_and(|loss| loss < self.waited_loss - rules.min_delta) {
            (self.waiting_since, self.waited_loss) = (epoch, validation_loss.unwrap_or(self.waited_loss));
        }
        let waited = epoch - self.waiting_since;
        let mut still = false;
        if let Some(rule) = rules.min_improvement {
            let seen = if rule.monitor == Monitor::Loss { Some(loss) } else { validation_loss };
            // From infinity everything is an improvement; infinity less a share of itself is no number.
            let bar = match self.reference {
                reference if reference.is_finite() => reference - rule.fraction * reference.abs(),
                reference => reference,
            };
            if let Some(seen) = seen {
                if seen < bar {
                    (self.improved, self.reference) = (epoch, seen);
                }
                still = epoch - self.improved >= rule.epochs as f64;
            }
        }
        let reached = |target: Option<f64>, loss: Option<f64>| target.zip(loss).is_some_and(|(t, loss)| loss <= t);
        [
            ("target", reached(rules.loss, Some(loss)) || reached(rules.validation_loss, validation_loss)),
            ("gradientNorm", rules.gradient_norm.is_some_and(|least| norm <= least)),
            ("minImprovement", still),
            ("patience", validation_loss.is_some() && rules.patience.is_some_and(|patience| waited >= patience as f64)),
        ]
        .into_iter()
        .find_map(|(rule, holds)| holds.then_some(rule))
    }

    pub fn to_array(&self) -> [f64; Self::COUNT] {
        let Watch { norms, updates, waiting_since, waited_loss, improved, reference } = *self;
        [norms, updates, waiting_since, waited_loss, improved, reference]
    }

    pub fn from_array([norms, updates, waiting_since, waited_loss, improved, reference]: [f64; Self::COUNT]) -> Watch {
        Watch { norms, updates, waiting_since, waited_loss, improved, reference }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::stopping::MinImprovement;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// The epoch after which a run of these losses ends, and by which rule.
    fn end(rules: Stopping, losses: &[f64], validation: Option<&[f64]>) -> Option<(usize, &'static str)> {
        let mut watch = Watch::default();
        losses.iter().enumerate().find_map(|(i, &loss)| {
            watch.updated(loss);
            watch.updated(3.0 * loss);
            // Saved and read in between.
            watch = Watch::from_array(watch.to_array());
            watch.ended(&rules, i as u64 + 1, loss, validation.map(|v| v[i])).map(|rule| (i + 1, rule))
        })
    }

    #[test]
    fn targets_hold_when_they_are_reached() {
        let rules = Stopping { loss: Some(0.5), ..Stopping::default() };
        assert_eq!(end(rules, &[1.0, 0.5, 0.4], None), Some((2, "target")));
        assert_eq!(end(rules, &[1.0, 0.501], None), None);
        let rules = Stopping { validation_loss: Some(0.5), ..Stopping::default() };
        assert_eq!(end(rules, &[0.1, 0.1, 0.1], Some(&[0.9, 0.6, 0.5])), Some((3, "target")));
        assert_eq!(end(rules, &[0.1, 0.1, 0.1], Some(&[0.9, 0.6, f64::NAN])), None);
    }

    #[test]
    fn the_gradient_is_the_mean_over_the_epoch_at_hand() {
        let rules = Stopping { gradient_norm: Some(1.0), ..Stopping::default() };
        // Norms 2 and 6, 1 and 3, .5 and 1.5.
        assert_eq!(end(rules, &[2.0, 1.0, 0.5], None), Some((3, "gradientNorm")));
    }

    #[test]
    fn improvements_are_relative_to_the_last_one() {
        let rule = MinImprovement { fraction: 0.1, epochs: 2, monitor: Monitor::Loss };
        let rules = Stopping { min_improvement: Some(rule), ..Stopping::default() };
        assert_eq!(end(rules, &[1.0, 0.95, 0.91], None), Some((3, "minImprovement")));
        // Slowly, but by a tenth in two epochs.
        assert_eq!(end(rules, &[1.0, 0.95, 0.89, 0.85, 0.80, 0.80], None), None);
        // Below zero a tenth of the size counts.
        assert_eq!(end(rules, &[-1.0, -1.05, -1.09], None), Some((3, "minImprovement")));
        assert_eq!(end(rules, &[-1.0, -1.05, -1.11, -1.2], None), None);
        let rule = MinImprovement { monitor: Monitor::ValidationLoss, ..rule };
        let rules = Stopping { min_improvement: Some(rule), ..rules };
        assert_eq!(end(rules, &[1.0, 0.5, 0.2], Some(&[1.0, 1.0, 1.0])), Some((3, "minImprovement")));
    }

    #[test]
    fn patience_waits_for_a_delta() {
        let rules = Stopping { patience: Some(2), min_delta: 0.1, ..Stopping::default() };
        let ones = [1.0; 5];
        assert_eq!(end(rules, &ones, Some(&[1.0, 0.95, 0.92, 0.8, 0.7])), Some((3, "patience")));
        let rules = Stopping { min_delta: 0.0, ..rules };
        assert_eq!(end(rules, &ones, Some(&[1.0, 0.95, 0.92, 0.92, 0.93])), Some((5, "patience")));
        // An epoch cut short has no look, and no epoch of this kind ends a run.
        assert_eq!(end(rules, &ones, None), None);
    }
}
