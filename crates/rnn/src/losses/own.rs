//! A loss that somebody else computes, of rows without weights: those are added here, and the scale.

use super::{LossSum, Rows};
use crate::sort::heap_sort;
use std::cell::RefCell;
use std::collections::TryReserveError;
use std::fmt;
use std::rc::Rc;

/// Who computes it.
pub trait Ask {
    /// The sum of the losses of some rows `prediction [n, O]` against `target [n, size]` (or classes, `[n]`); its derivatives go to
    /// `gradient [n, O]`, or nowhere where that is empty. NaN when it fails.
    fn sum(&self, prediction: &[f32], target: &[f32], gradient: &mut [f32]) -> f64;
}

/// The loss, before and after somebody was found who computes it. All clones are one.
#[derive(Clone, Default)]
pub struct Own {
    /// Whether its targets are classes.
    pub classes: bool,
    inside: Rc<RefCell<Inside>>,
}

#[derive(Default)]
struct Inside {
    ask: Option<Rc<dyn Ask>>,
    /// Classes as numbers.
    target: Vec<f32>,
    alike: Alike,
}

/// Rows of one weight, side by side.
#[derive(Default)]
struct Alike {
    /// The rows that count, those of one weight together.
    order: Vec<usize>,
    prediction: Vec<f32>,
    target: Vec<f32>,
    gradient: Vec<f32>,
}

impl Own {
    pub fn new(classes: bool) -> Own {
        Own { classes, ..Own::default() }
    }

    /// Whom to ask from now on.
    pub fn answer(&self, ask: Rc<dyn Ask>) {
        self.inside.borrow_mut().ask = Some(ask);
    }

    /// Who is asked, if there is anybody.
    pub fn asked(&self) -> Option<Rc<dyn Ask>> {
        self.inside.borrow().ask.clone()
    }

    /// Makes room for the targets of so many rows.
    ///
    /// # Errors
    /// When there is no such memory.
    pub fn reserve(&self, rows: usize) -> Result<(), TryReserveError> {
        let Inside { target, .. } = &mut *self.inside.borrow_mut();
        if self.classes { target.try_reserve_exact(rows.saturating_sub(target.len())) } else { Ok(()) }
    }

    /// Against numbers: `weight = Σ w` over all elements.
    pub(super) fn of_numbers(&self, rows: Rows, target: &[f32]) -> LossSum {
        let Inside { ask, alike, .. } = &mut *self.inside.borrow_mut();
        match rows.weight {
            None => whole(ask.as_deref(), rows, target, target.len()),
            Some(weight) => {
                let unit = target.len().checked_div(weight.len()).unwrap_or(0);
                alike.sum(ask.as_deref(), rows, target, (weight.len(), unit), |row| weight[row])
            }
        }
    }

    /// Against classes: `weight = Σ w` over the rows whose class is not negative.
    pub(super) fn of_classes(&self, rows: Rows, classes: &[i32]) -> LossSum {
        let Inside { ask, target, alike } = &mut *self.inside.borrow_mut();
        target.clear();
        target.extend(classes.iter().map(|&class| class as f32));
        match rows.weight {
            None if classes.iter().all(|&class| class >= 0) => whole(ask.as_deref(), rows, target, classes.len()),
            weight => {
                let of = |row: usize| if classes[row] < 0 { 0.0 } else { weight.map_or(1.0, |weight| weight[row]) };
                alike.sum(ask.as_deref(), rows, target, (classes.len(), 1), of)
            }
        }
    }
}

/// Of all rows, each of weight 1.
fn whole(ask: Option<&dyn Ask>, rows: Rows, target: &[f32], weight: usize) -> LossSum {
    let Rows { output, scale, gradient, .. } = rows;
    let gradient = gradient.unwrap_or_default();
    let sum = ask.map_or(f64::NAN, |ask| ask.sum(output, target, gradient));
    gradient.iter_mut().for_each(|g| *g = (scale * f64::from(*g)) as f32);
    LossSum { sum, weight: weight as f64 }
}

impl Alike {
    /// Of `n` rows with `unit` numbers of the target each, which are asked for by weight: one question for all rows of the same
    /// one, from the lightest on. A row of weight 0 is not asked for.
    fn sum(
        &mut self,
        ask: Option<&dyn Ask>,
        rows: Rows,
        target: &[f32],
        (n, unit): (usize, usize),
        weight: impl Fn(usize) -> f32,
    ) -> LossSum {
        let Rows { output, scale, mut gradient, .. } = rows;
        let Alike { order, prediction, target: own_target, gradient: own_gradient } = self;
        let width = output.len().checked_div(n).unwrap_or(0);
        assert!(output.len() == n * width && target.len() == n * unit, "length of the target");
        if let Some(gradient) = &mut gradient {
            gradient.fill(0.0);
        }
        order.clear();
        order.extend((0..n).filter(|&row| weight(row) != 0.0));
        heap_sort(order, |&a, &b| (weight(a).to_bits(), a) < (weight(b).to_bits(), b));
        let mut total = LossSum::default();
        let mut rest = order.as_slice();
        while let [first, ..] = rest {
            let w = weight(*first);
            let same = rest.iter().take_while(|row| weight(**row).to_bits() == w.to_bits());
            let (of_one, others) = rest.split_at(same.count());
            rest = others;
            prediction.clear();
            own_target.clear();
            own_gradient.clear();
            for &row in of_one {
                prediction.extend_from_slice(&output[row * width..][..width]);
                own_target.extend_from_slice(&target[row * unit..][..unit]);
            }
            own_gradient.resize(if gradient.is_some() { prediction.len() } else { 0 }, 0.0);
            let w = f64::from(w);
            total.sum += w * ask.map_or(f64::NAN, |ask| ask.sum(prediction, own_target, own_gradient));
            total.weight += w * (of_one.len() * unit) as f64;
            if let Some(gradient) = &mut gradient {
                for (&row, own) in of_one.iter().zip(own_gradient.chunks_exact(width)) {
                    let of_row = gradient[row * width..][..width].iter_mut().zip(own);
                    of_row.for_each(|(to, &g)| *to = (scale * w * f64::from(g)) as f32);
                }
            }
        }
        total
    }
}

/// As they are described: who is asked is not said there.
impl PartialEq for Own {
    fn eq(&self, other: &Own) -> bool {
        self.classes == other.classes
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own").field("classes", &self.classes).finish_non_exhaustive()
    }
}
