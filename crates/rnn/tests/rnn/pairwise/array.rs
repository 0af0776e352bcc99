//! Covering arrays: few cases in which each value of each axis meets each value of every other axis (Cohen et al. 1997, *The AETG
//! system*): greedily, each case the best of some that begin with a pair not met yet and take on each axis what meets most.

use rnn::Stream;
use std::collections::BTreeSet;

/// Axis and place of a value on it.
pub type Point = (usize, usize);

/// Candidates for each case.
const TRIES: usize = 12;

/// All pairs of values of different axes that go together.
pub fn pairs(sizes: &[usize], together: &impl Fn(Point, Point) -> bool) -> BTreeSet<(Point, Point)> {
    let points = |axis: usize| (0..sizes[axis]).map(move |value| (axis, value));
    let axes = (0..sizes.len()).flat_map(|a| (a + 1..sizes.len()).map(move |b| (a, b)));
    let all = axes.flat_map(|(a, b)| points(a).flat_map(move |p| points(b).map(move |q| (p, q))));
    all.filter(|&(p, q)| together(p, q)).collect()
}

/// Those of a case: a value for each axis.
pub fn met(case: &[usize]) -> impl Iterator<Item = (Point, Point)> + '_ {
    (0..case.len()).flat_map(move |a| (a + 1..case.len()).map(move |b| ((a, case[a]), (b, case[b]))))
}

/// Cases that meet all pairs; `together` says which values go together, in the order of their axes.
///
/// # Panics
/// When a pair goes together but has no case: the value of a third axis that would go with both is missing.
pub fn covering(sizes: &[usize], stream: &mut Stream, together: &impl Fn(Point, Point) -> bool) -> Vec<Vec<usize>> {
    let mut open = pairs(sizes, together);
    let mut cases = Vec::new();
    while let Some(&pair) = open.first() {
        let tried = (0..TRIES).filter_map(|_| candidate(sizes, stream, together, &open, pair));
        let gain = |case: &Vec<usize>| met(case).filter(|pair| open.contains(pair)).count();
        let best = tried.max_by_key(gain).unwrap_or_else(|| panic!("no case has {pair:?}"));
        met(&best).for_each(|pair| _ = open.remove(&pair));
        cases.push(best);
    }
    cases
}

fn candidate(
    sizes: &[usize],
    stream: &mut Stream,
    together: &impl Fn(Point, Point) -> bool,
    open: &BTreeSet<(Point, Point)>,
    pair: (Point, Point),
) -> Option<Vec<usize>> {
    let mut chosen: Vec<Point> = vec![pair.0, pair.1];
    let mut rest: Vec<usize> = (0..sizes.len()).filter(|axis| chosen.iter().all(|point| point.0 != *axis)).collect();
    while !rest.is_empty() {
        let axis = rest.swap_remove(stream.below(rest.len() as u32) as usize);
        let ordered = |p: Point, q: Point| if p.0 < q.0 { (p, q) } else { (q, p) };
        let goes =
            |value: &usize| chosen.iter().map(|&point| ordered(point, (axis, *value))).all(|(p, q)| together(p, q));
        let gain = |value: usize| chosen.iter().filter(|&&p| open.contains(&ordered(p, (axis, value)))).count();
        let values: Vec<usize> = (0..sizes[axis]).filter(goes).collect();
        let most = values.iter().map(|&value| gain(value)).max()?;
        let best: Vec<usize> = values.into_iter().filter(|&value| gain(value) == most).collect();
        chosen.push((axis, best[stream.below(best.len() as u32) as usize]));
    }
    chosen.sort_unstable();
    Some(chosen.into_iter().map(|(_, value)| value).collect())
}
