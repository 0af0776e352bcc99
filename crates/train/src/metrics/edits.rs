//! How far two lists of labels are apart.

/// Insertions, deletions and changes that make one of the other, at least (Levenshtein 1966; Wagner and Fischer 1974). `row` is
/// memory that is kept.
pub fn edits(read: &[i32], truth: &[i32], row: &mut Vec<usize>) -> usize {
    row.clear();
    row.extend(0..=truth.len());
    for (i, said) in read.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, is) in truth.iter().enumerate() {
            let changed = diagonal + usize::from(said != is);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[truth.len()]
}
