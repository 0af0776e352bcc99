//! Central finite differences, and how far two tensors are apart.

/// df/dx by `(f(x + s) - f(x - s)) / 2s`, one element after another; `x` is as before at the end.
///
/// In f64 with values and derivatives near 1, `step` = 1e-5 leaves about 1e-10: truncation s²·f'''/6, rounding ε·f/s.
pub fn central(x: &mut [f64], step: f64, mut f: impl FnMut(&[f64]) -> f64) -> Vec<f64> {
    let mut gradient = Vec::with_capacity(x.len());
    for i in 0..x.len() {
        let before = x[i];
        x[i] = before + step;
        let above = f(x);
        x[i] = before - step;
        let below = f(x);
        x[i] = before;
        gradient.push((above - below) / (2.0 * step));
    }
    gradient
}

/// Largest `|a - b|` over the largest `|b|`: the error relative to the largest element of the expected tensor `b`. Where `b` is
/// all zero, the largest `|a|` itself. NaN anywhere gives NaN, which is below no limit.
pub fn relative_error(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "elements of two tensors");
    // f64::max forgets NaN, so it is carried by hand.
    let wider = |m: f64, x: f64| if m.is_nan() || x.is_nan() { f64::NAN } else { m.max(x.abs()) };
    let largest = |x: &mut dyn Iterator<Item = f64>| x.fold(0.0, wider);
    let apart = largest(&mut a.iter().zip(b).map(|(a, b)| a - b));
    let size = largest(&mut b.iter().copied());
    if size == 0.0 { apart } else { apart / size }
}
