//! Gradients of every cell × way to build a layer × normalisation × regulariser × loss × truncation × place of the prediction,
//! chosen pairwise: the kernel's and naive's against central differences of naive's loss in f64.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

mod array;
mod axes;
mod masks;
mod plan;
mod problem;

use array::{Point, covering, met, pairs};
use axes::{Value, axes, together};
use plan::Plan;
use problem::{LIMIT, Problem, Skipped};
use std::collections::BTreeSet;

use crate::common::stream;

/// One draw for so many cases, at most, may be thrown away for a kink near, and one for its rounding.
const CASES_A_KINK: usize = 50;
const CASES_A_ROUNDING: usize = 100;

/// Draws of a case that are tried until one says something.
const SEEDS: u64 = 40;

#[test]
fn gradients_of_all_pairs_by_differences() {
    let axes = axes();
    let sizes: Vec<usize> = axes.iter().map(Vec::len).collect();
    let goes = |a: Point, b: Point| together(&axes[a.0][a.1].name, &axes[b.0][b.1].name);
    let cases = covering(&sizes, &mut stream(1), &goes);
    let found: BTreeSet<_> = cases.iter().flat_map(|case| met(case)).collect();
    let wanted = pairs(&sizes, &goes);
    assert_eq!(found, wanted, "every pair that goes together, and no other");
    let all = pairs(&sizes, &|_, _| true).len();
    assert!(wanted.len() * 100 > all * 95, "all but a few go together: {} of {all}", wanted.len());

    let (mut kernel, mut naive, mut kinks, mut rounded) = (0f64, 0f64, 0, 0);
    for (i, case) in cases.iter().enumerate() {
        let values: Vec<&Value> = case.iter().zip(&axes).map(|(&at, axis)| &axis[at]).collect();
        let what = values.iter().map(|value| value.name.as_str()).collect::<Vec<_>>().join(" · ");
        let mut plan = Plan::new();
        values.iter().for_each(|value| (value.set)(&mut plan));
        let seeds = (0..SEEDS).map(|seed| Problem::new(&plan, 100 * i as u64 + seed));
        let errors = seeds.filter(Problem::moves).find_map(|problem| {
            let checked = problem.check(&what);
            kinks += usize::from(checked.as_ref().err() == Some(&Skipped::Kink));
            rounded += usize::from(checked.as_ref().err() == Some(&Skipped::Rounding));
            checked.ok()
        });
        let errors = errors.unwrap_or_else(|| panic!("{what}: a kink or rounding in each draw, or no gradient"));
        (kernel, naive) = (kernel.max(errors.kernel), naive.max(errors.naive));
    }
    println!(
        "{} pairs (of {all}) in {} cases: worst relative error of the kernel {kernel:.1e}, of naive {naive:.1e} ({kinks} draws with a kink, {rounded} lost in rounding)",
        wanted.len(),
        cases.len()
    );
    // A case has other numbers then: but few may need them.
    let few = kinks * CASES_A_KINK <= cases.len() && rounded * CASES_A_ROUNDING <= cases.len();
    assert!(few, "{} cases: {kinks} draws with a kink, {rounded} lost in rounding", cases.len());
    assert!(kernel <= LIMIT && naive <= LIMIT);
}
