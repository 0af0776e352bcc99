//! What a network gives for each target, as a prediction shows it. NOT: classes.

use crate::encoding::scaler::Scaler;
use crate::error::Error;
use crate::memory::buffer;
use rnn::Loss;

/// Rows of outputs, `[rows, size · outputs]`, brought in place into the user's units: probabilities of yes, rates, quantiles side
/// by side. Of Gaussians the means stay, `[rows, size]`, and the variances are given, in the units' squares. NaN stays NaN.
///
/// # Errors
/// `MemoryError`.
pub fn show(
    values: &mut Vec<f32>,
    size: usize,
    loss: &Loss,
    scaler: Option<&Scaler>,
) -> Result<Option<Vec<f32>>, Error> {
    let mut variances = None;
    if let Loss::Gaussian(settings) = loss {
        let mut apart = buffer(values.len() / 2)?;
        for (i, variance) in apart.iter_mut().enumerate() {
            let raw = values[2 * i + 1];
            let own = if raw.is_nan() { raw } else { settings.variance_of(raw) };
            let scale = scaler.map_or(1.0, |s| s.scale[i % size]);
            *variance = (f64::from(own) * scale * scale) as f32;
            values[i] = values[2 * i];
        }
        values.truncate(values.len() / 2);
        variances = Some(apart);
    }
    loss.activate(values);
    if let Some(scaler) = scaler {
        let beside = loss_width(loss);
        for (i, value) in values.iter_mut().enumerate() {
            *value = scaler.undo(i / beside % size, f64::from(*value)) as f32;
        }
    }
    Ok(variances)
}

/// The same for one row of an online learner: means and variances stay side by side.
pub fn show_row(row: &mut [f32], size: usize, loss: &Loss, scaler: Option<&Scaler>) {
    loss.activate(row);
    let beside = loss.outputs();
    for (i, value) in row.iter_mut().enumerate() {
        let column = i / beside % size;
        match (loss, scaler) {
            (Loss::Gaussian(settings), _) if i % 2 == 1 => {
                let scale = scaler.map_or(1.0, |s| s.scale[column]);
                *value = (f64::from(settings.variance_of(*value)) * scale * scale) as f32;
            }
            (_, Some(scaler)) => *value = scaler.undo(column, f64::from(*value)) as f32,
            _ => {}
        }
    }
}

/// Numbers that are shown side by side for each target.
pub fn loss_width(loss: &Loss) -> usize {
    if let Loss::Quantile(quantiles) = loss { quantiles.len() } else { 1 }
}
