//! The closed set of optimisers and how one update reaches them.

use std::ops::Range;

use crate::{Adam, AdamW, RmsProp, Sgd};

/// The most moment buffers any optimiser keeps.
pub const MAX_BUFFERS: usize = 4;

/// One update of one contiguous range of parameters. All slices have one length.
pub(crate) struct Update<'a, 'b> {
    /// Number of this update, from 1: β^t has t = `step`.
    pub step: u64,
    /// The learning rate of this update.
    pub rate: f64,
    pub params: &'a mut [f32],
    pub grads: &'a [f32],
    /// In the order of [`Rule::buffers`]; all zero before update 1.
    pub buffers: &'a mut [&'b mut [f32]],
}

/// What an optimiser is. It fills a file of its own: its settings as a struct, and this.
pub(crate) trait Rule {
    /// The moments that these settings need, by the names PyTorch gives them in an optimiser's state.
    fn buffers(&self) -> &'static [&'static str];

    /// Moves the parameters. Element `i` may depend on element `i` of each slice alone, and zero gradients with
    /// zero moments must leave zero parameters at zero (so the padding of a layout stays zero).
    fn update(&self, update: Update);
}

/// One line here and one file is all that a further optimiser takes.
macro_rules! optimizers {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// An optimiser with its settings; its moments are buffers of the caller.
        ///
        /// Settings are taken as valid: the table of descriptions checks ranges before one is made.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Optimizer {
            $($(#[$doc])* $name($name),)*
        }

        impl Optimizer {
            fn rule(&self) -> &dyn Rule {
                match self {
                    $(Self::$name(settings) => settings,)*
                }
            }
        }

        $(impl From<$name> for Optimizer {
            fn from(settings: $name) -> Self {
                Self::$name(settings)
            }
        })*
    };
}

optimizers! {
    /// Gradient descent, plain, with momentum or with Nesterov's.
    Sgd,
    /// RMSprop, with momentum or centred.
    RmsProp,
    /// Adam.
    Adam,
    /// Adam with decoupled weight decay.
    AdamW,
}

impl Optimizer {
    /// Names of the moment buffers that these settings need: each as long as the parameters, zero before the
    /// first update. A checkpoint stores them under these names.
    pub fn buffers(&self) -> &'static [&'static str] {
        self.rule().buffers()
    }

    /// One update of all parameters.
    ///
    /// `step` counts updates from 1; `rate` is the learning rate of this one; `buffers` are in the order of
    /// [`Optimizer::buffers`], as `Vec<f32>` or as slices. All have the length of `params`.
    pub fn update<B: AsMut<[f32]>>(&self, step: u64, rate: f64, params: &mut [f32], grads: &[f32], buffers: &mut [B]) {
        self.apply(step, rate, std::slice::from_ref(&(0..params.len())), params, grads, buffers);
    }

    /// [`Optimizer::update`] on some ranges of the same buffers; parameters and moments outside stay as they are.
    /// Ranges must not overlap (an overlap would be moved twice).
    pub fn apply<B: AsMut<[f32]>>(
        &self,
        step: u64,
        rate: f64,
        ranges: &[Range<usize>],
        params: &mut [f32],
        grads: &[f32],
        buffers: &mut [B],
    ) {
        let rule = self.rule();
        let count = rule.buffers().len();
        assert!(step >= 1, "updates are counted from 1");
        assert_eq!(grads.len(), params.len(), "gradients");
        assert_eq!(buffers.len(), count, "buffers of the optimiser");
        for buffer in buffers.iter_mut() {
            assert_eq!(buffer.as_mut().len(), params.len(), "a moment buffer");
        }
        for range in ranges {
            let mut parts: [&mut [f32]; MAX_BUFFERS] = Default::default();
            for (part, buffer) in parts.iter_mut().zip(buffers.iter_mut()) {
                *part = &mut buffer.as_mut()[range.clone()];
            }
            rule.update(Update {
                step,
                rate,
                params: &mut params[range.clone()],
                grads: &grads[range.clone()],
                buffers: &mut parts[..count],
            });
        }
    }
}
