//! Truncated backpropagation through time: which steps of a batch an update goes through. NOT: going through them (pass).
//!
//! BPTT(k2; k1) of Williams and Peng 1990 (*An efficient gradient-based algorithm for on-line training of recurrent network
//! trajectories*; Sutskever 2013 calls it BPTT(k1, k2)): after every k1 steps one update, by the losses of these k1 steps alone,
//! which go back through the last k2. So every loss counts once. The k2 steps are gone through forward anew, with the weights of
//! that update, from the state that the network had before them; which is that of the update before, and so on: no state is
//! computed twice, and states are as old as the weights that made them. With k1 = k2 this is BPTT on the sequences cut into
//! pieces of k1, each beginning from the state in which the one before ended.

use crate::describe::run::Truncation;
use rnn::At;

/// The steps of one update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Steps after which the state is known.
    pub from: usize,
    /// It goes through steps `start .. end`; the losses of steps before `counted` have had their turn.
    pub start: usize,
    pub counted: usize,
    pub end: usize,
    /// Steps after which the next update needs the state.
    pub next: usize,
    /// Whether no sequence of the batch is longer.
    pub last: bool,
    /// Steps at a time, at most.
    pub most: usize,
}

impl Truncation {
    /// The next update of a batch of sequences of these lengths, of which `done` steps have had theirs. Where there is one
    /// target a sequence, it is the first in which one ends: without a loss there is no update, and its steps are gone through
    /// forward alone.
    pub fn span(self, at: At, done: usize, lengths: impl Iterator<Item = usize>) -> Span {
        let Truncation { k1, k2 } = self;
        let (mut shortest, mut longest) = (usize::MAX, 0);
        for length in lengths.filter(|&length| length > done) {
            shortest = shortest.min(length);
            longest = longest.max(length);
        }
        let counted = if at == At::Every { done } else { (shortest - 1) / k1 * k1 };
        let end = counted.saturating_add(k1);
        // The state that an update leaves is the one before the steps of the next.
        let needed = |counted: usize| counted.saturating_add(k1).saturating_sub(k2);
        let (from, start, next) = (needed(done), needed(counted), needed(end));
        Span { from, start, counted, end, next, last: longest <= end, most: k2 }
    }

    /// Updates that a batch of these lengths takes.
    pub fn updates(self, at: At, lengths: &[usize]) -> u64 {
        let (mut done, mut updates) = (0, 0);
        loop {
            let span = self.span(at, done, lengths.iter().copied());
            (done, updates) = (span.end, updates + 1);
            if span.last {
                return updates;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn spans(k1: usize, k2: usize, at: At, lengths: &[usize]) -> Vec<[usize; 5]> {
        let (mut done, mut spans) = (0, Vec::new());
        loop {
            let span = Truncation { k1, k2 }.span(at, done, lengths.iter().copied());
            spans.push([span.from, span.start, span.counted, span.end, span.next]);
            done = span.end;
            if span.last {
                assert_eq!(Truncation { k1, k2 }.updates(at, lengths), spans.len() as u64);
                return spans;
            }
        }
    }

    #[test]
    fn at_every_step_each_counts_once() {
        assert_eq!(spans(4, 4, At::Every, &[10, 3]), [[0, 0, 0, 4, 4], [4, 4, 4, 8, 8], [8, 8, 8, 12, 12]]);
        assert_eq!(spans(2, 5, At::Every, &[6]), [[0, 0, 0, 2, 0], [0, 0, 2, 4, 1], [1, 1, 4, 6, 3]]);
        assert_eq!(spans(3, 4, At::Every, &[7]), [[0, 0, 0, 3, 2], [2, 2, 3, 6, 5], [5, 5, 6, 9, 8]]);
        assert_eq!(spans(9, 12, At::Every, &[4, 2]), [[0, 0, 0, 9, 6]]);
    }

    #[test]
    fn at_the_last_step_an_update_is_where_a_sequence_ends() {
        assert_eq!(spans(4, 4, At::Last, &[20, 20]), [[0, 16, 16, 20, 20]]);
        assert_eq!(spans(4, 6, At::Last, &[20, 7, 8]), [[0, 2, 4, 8, 6], [6, 14, 16, 20, 18]]);
        assert_eq!(spans(5, 5, At::Last, &[1, 6, 11]), [[0, 0, 0, 5, 5], [5, 5, 5, 10, 10], [10, 10, 10, 15, 15]]);
    }
}
