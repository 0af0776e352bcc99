//! Cross-entropy of classes and of distributions.

use super::{LossSum, Rows, check_grad, row_width};

/// Cross-entropy of the softmax of logits: `sum = Σ w (ln Σ exp(logits) - logits[class])`, `weight = Σ w`, both over the rows
/// whose class is not negative.
///
/// * `logits`: `[n, C]`; `classes`: `[n]`, negative where a row is ignored; `weight`: `[n]` (1 when absent).
/// * `grad`: `[n, C]`, written: `scale · ∂sum/∂logits`, zero where ignored. PyTorch's mean is `scale = 1/weight`.
///
/// Sums run in `f64`, rows ascending.
///
/// # Panics
/// When the lengths do not fit each other, or a class is not below C.
pub fn cross_entropy(
    logits: &[f32],
    classes: &[i32],
    weight: Option<&[f32]>,
    scale: f64,
    mut grad: Option<&mut [f32]>,
) -> LossSum {
    let width = row_width(logits.len(), classes.len());
    assert!(weight.is_none_or(|weight| weight.len() == classes.len()), "number of weights");
    check_grad(&grad, logits.len());
    let mut total = LossSum::default();
    for (row, &class) in classes.iter().enumerate() {
        let range = row * width..(row + 1) * width;
        let w = weight.map_or(1.0, |weight| f64::from(weight[row]));
        let grad = grad.as_mut().map(|grad| &mut grad[range.clone()]);
        if class < 0 || w == 0.0 {
            if let Some(grad) = grad {
                grad.fill(0.0);
            }
            continue;
        }
        let (logits, class) = (&logits[range], class as usize);
        assert!(class < width, "class {class} of {width}");
        let log_sum = match grad {
            Some(grad) => {
                let log_sum = linalg::softmax_to(grad, logits, scale * w);
                grad[class] -= (scale * w) as f32;
                log_sum
            }
            None => linalg::log_sum_exp(logits),
        };
        total.sum += w * (log_sum - f64::from(logits[class]));
        total.weight += w;
    }
    total
}

/// What [`cross_entropy`] may be told beside the classes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// One for each class; empty: 1.
    pub class_weights: Vec<f64>,
    /// Share ε of the target that goes to all classes alike.
    pub label_smoothing: f64,
    /// A class that does not count, beside the negative ones.
    pub ignored: Option<i32>,
}

impl Settings {
    pub(super) fn of_class(&self, class: usize) -> f64 {
        self.class_weights.get(class).copied().unwrap_or(1.0)
    }

    /// Σ of the weights of all classes.
    fn all(&self, classes: usize) -> f64 {
        if self.class_weights.is_empty() { classes as f64 } else { self.class_weights.iter().sum() }
    }

    pub(super) fn is_plain(&self) -> bool {
        self.class_weights.is_empty() && self.label_smoothing == 0.0
    }

    /// Whether a target of this class counts.
    pub fn counts(&self, class: i32) -> bool {
        class >= 0 && self.ignored != Some(class)
    }
}

/// [`cross_entropy`] with class weights c, a class that is ignored and smoothing ε, as PyTorch's: for class y of C
/// `(1 - ε) c_y (-ln p_y) + ε / C Σ_k c_k (-ln p_k)`, and `weight = Σ w c_y`. Source: Szegedy et al. 2016 (smoothing).
///
/// # Panics
/// As [`cross_entropy`]; when there is not one weight for each class.
pub fn smoothed(mut rows: Rows, classes: &[i32], settings: &Settings) -> LossSum {
    let width = row_width(rows.output.len(), classes.len());
    assert!(rows.weight.is_none_or(|weight| weight.len() == classes.len()), "number of weights");
    assert!(settings.class_weights.is_empty() || settings.class_weights.len() == width, "a weight for each class");
    check_grad(&rows.gradient, rows.output.len());
    let smoothing = settings.label_smoothing;
    let (kept, shared) = (1.0 - smoothing, smoothing / width as f64);
    let all = shared * settings.all(width);
    let mut total = LossSum::default();
    for (row, &class) in classes.iter().enumerate() {
        let range = row * width..(row + 1) * width;
        let w = rows.weight.map_or(1.0, |weight| f64::from(weight[row]));
        let gradient = rows.gradient.as_mut().map(|gradient| &mut gradient[range.clone()]);
        if !settings.counts(class) || w == 0.0 {
            if let Some(gradient) = gradient {
                gradient.fill(0.0);
            }
            continue;
        }
        let (logits, class) = (&rows.output[range], class as usize);
        assert!(class < width, "class {class} of {width}");
        let own = kept * settings.of_class(class);
        let log_sum = match gradient {
            Some(gradient) => {
                let log_sum = linalg::softmax_to(gradient, logits, rows.scale * w * (own + all));
                if shared > 0.0 {
                    let less = |k| (rows.scale * w * shared * settings.of_class(k)) as f32;
                    gradient.iter_mut().enumerate().for_each(|(k, g)| *g -= less(k));
                }
                gradient[class] -= (rows.scale * w * own) as f32;
                log_sum
            }
            None => linalg::log_sum_exp(logits),
        };
        let mut loss = own * (log_sum - f64::from(logits[class]));
        if shared > 0.0 {
            let each = |(k, &z): (usize, &f32)| settings.of_class(k) * (log_sum - f64::from(z));
            loss += shared * logits.iter().enumerate().map(each).sum::<f64>();
        }
        total.sum += w * loss;
        total.weight += w * settings.of_class(class);
    }
    total
}

/// Cross-entropy with distributions as targets: `Σ_k c_k t'_k (-ln p_k)` with `t' = (1 - ε) t + ε / C`, and `weight = Σ w`, as
/// PyTorch's of class probabilities.
///
/// * `rows.output` (logits), `target`: `[n, C]`.
///
/// # Panics
/// When the lengths do not fit each other.
pub fn of_distributions(mut rows: Rows, target: &[f32], classes: usize, settings: &Settings) -> LossSum {
    assert_eq!(rows.output.len(), target.len(), "length of the target");
    assert!(settings.class_weights.is_empty() || settings.class_weights.len() == classes, "a weight for each class");
    check_grad(&rows.gradient, rows.output.len());
    let (kept, shared) = (1.0 - settings.label_smoothing, settings.label_smoothing / classes as f64);
    let mut total = LossSum::default();
    for (row, target) in target.chunks_exact(classes).enumerate() {
        let range = row * classes..(row + 1) * classes;
        let w = rows.weight.map_or(1.0, |weight| f64::from(weight[row]));
        let gradient = rows.gradient.as_mut().map(|gradient| &mut gradient[range.clone()]);
        if w == 0.0 {
            if let Some(gradient) = gradient {
                gradient.fill(0.0);
            }
            continue;
        }
        let logits = &rows.output[range];
        let wanted = |k: usize| settings.of_class(k) * (kept * f64::from(target[k]) + shared);
        let log_sum = match gradient {
            Some(gradient) => {
                let all: f64 = (0..classes).map(wanted).sum();
                let log_sum = linalg::softmax_to(gradient, logits, rows.scale * w * all);
                let less = |k| (rows.scale * w * wanted(k)) as f32;
                gradient.iter_mut().enumerate().for_each(|(k, g)| *g -= less(k));
                log_sum
            }
            None => linalg::log_sum_exp(logits),
        };
        let each = |(k, &z): (usize, &f32)| wanted(k) * (log_sum - f64::from(z));
        total.sum += w * logits.iter().enumerate().map(each).sum::<f64>();
        total.weight += w;
    }
    total
}
