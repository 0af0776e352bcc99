//! Rprop: steps by the sign of the gradient alone. PyTorch's `Rprop`.

use crate::arithmetic;
use crate::optimizer::{Before, Rule, Update};

/// Each parameter has a step size: multiplied by η+ while its gradient keeps its sign, by η- when it turns, within
/// `[smallest, largest]`; `θ ← θ - sign(g)·size`, but at a turn it stays. The sizes start at the learning rate.
///
/// Meant for full batches: the sign of a mini-batch's gradient turns by chance.
///
/// Source: Riedmiller and Braun 1993, in PyTorch's form (no step back at a turn: iRprop-, Igel and Hüsken 2003).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rprop {
    /// η-, in (0, 1).
    pub decrease: f64,
    /// η+, above 1.
    pub increase: f64,
    /// The least step size, above zero in `f32`.
    pub smallest: f64,
    /// The largest.
    pub largest: f64,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for Rprop {
    fn default() -> Self {
        Self { decrease: 0.5, increase: 1.2, smallest: 1e-6, largest: 50.0, maximize: false }
    }
}

impl Rule for Rprop {
    fn buffers(&self) -> &'static [&'static str] {
        &["prev", "step_size"]
    }

    fn before(&self) -> Before {
        Before { maximize: self.maximize, decay: 0.0 }
    }

    fn update(&self, update: &mut Update) {
        let [decrease, increase, smallest, largest] =
            [self.decrease, self.increase, self.smallest, self.largest].map(|x| x as f32);
        let rate = update.rate as f32;
        update.each(|params, grads, [before, sizes]| {
            for (((p, &mut g), b), size) in params.iter_mut().zip(grads).zip(before).zip(sizes) {
                // Comparisons: the product of two small gradients would vanish.
                let (rises, falls) = (g > 0.0, g < 0.0);
                let same = (rises & (*b > 0.0)) | (falls & (*b < 0.0));
                let turned = (rises & (*b < 0.0)) | (falls & (*b > 0.0));
                let factor = if same { increase } else { 1.0 };
                let factor = if turned { decrease } else { factor };
                // No size is 0 but one that has not been set.
                let next = if *size == 0.0 { rate } else { *size } * factor;
                let next = arithmetic::smallest(arithmetic::largest(next, smallest), largest);
                *size = next;
                let sign = if rises { 1.0 } else { 0.0 };
                let sign = if falls { -1.0 } else { sign };
                let sign = if turned { 0.0 } else { sign };
                *p -= sign * next;
                *b = if turned { 0.0 } else { g };
            }
        });
    }
}
