//! The fixed binary tree in which the gradients of a batch's shards are added, so that the bits depend on the number of
//! shards and never on who computed which.

use std::ops::Range;

/// Where a range of more than one shard is divided: its left part is the largest power of two below its length.
pub fn middle(node: &Range<usize>) -> usize {
    node.start + node.len().next_power_of_two() / 2
}

/// The largest nodes of the tree over `shards` that lie inside `part`, from left to right.
pub fn nodes_within(shards: usize, part: &Range<usize>) -> Vec<Range<usize>> {
    fn walk(node: Range<usize>, part: &Range<usize>, found: &mut Vec<Range<usize>>) {
        if node.end <= part.start || part.end <= node.start {
            return;
        }
        if part.start <= node.start && node.end <= part.end {
            found.push(node);
            return;
        }
        let middle = middle(&node);
        walk(node.start..middle, part, found);
        walk(middle..node.end, part, found);
    }
    let mut found = Vec::new();
    walk(0..shards, part, &mut found);
    found
}

/// Part `index` of `n` things cut into `parts`: sizes differ by one at most, the larger ones first.
pub fn part(n: usize, parts: usize, index: usize) -> Range<usize> {
    let start = |i: usize| i * (n / parts) + i.min(n % parts);
    start(index)..start(index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn parts_cover_everything_once() {
        for n in 0..20 {
            for parts in 1..9 {
                let all: Vec<usize> = (0..parts).flat_map(|i| part(n, parts, i)).collect();
                assert_eq!(all, (0..n).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn nodes_of_three_workers_over_eight_shards() {
        let nodes = |i| nodes_within(8, &part(8, 3, i));
        assert_eq!(nodes(0), [0..2, 2..3]);
        assert_eq!(nodes(1), [3..4, 4..6]);
        assert_eq!(nodes(2), vec![Range { start: 6, end: 8 }]);
    }
}
