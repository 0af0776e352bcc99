//! Parameters by their PyTorch names, values row-major in their natural shape.

use crate::algebra::add;
use std::collections::BTreeMap;

/// `"0.weight_ih_l0"` → `[G·H · K]` and so on.
pub type Parameters = BTreeMap<String, Vec<f64>>;

/// The values of `name`, which must be `len`.
pub fn read<'a>(params: &'a Parameters, name: &str, len: usize) -> &'a [f64] {
    let values = params.get(name).unwrap_or_else(|| panic!("no parameter {name:?} among {:?}", params.keys()));
    assert_eq!(values.len(), len, "length of parameter {name:?}");
    values
}

/// Adds `more` onto `name`.
pub fn accumulate(sums: &mut Parameters, name: &str, more: &[f64]) {
    add(sums.get_mut(name).unwrap_or_else(|| panic!("no parameter {name:?}")), more);
}
