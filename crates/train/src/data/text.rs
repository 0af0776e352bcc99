//! A text as samples: windows of tokens, each predicting the token after. NOT: characters.

use super::samples::Samples;
use super::tokens::Tokens;
use std::ops::Range;
use std::rc::Rc;

/// How a text is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Windows side by side, in any order.
    Windows,
    /// So many streams side by side; sample `k · streams + s` is window k of stream s, so that a batch of `streams`
    /// samples in order goes on where the last one stopped.
    Streams(usize),
    /// As many streams as there are whole windows, up to 32: for figures, which want long contexts first and speed after.
    Figures,
}

/// Streams side by side when figures are taken of a long text.
const MOST_STREAMS: usize = 32;

pub struct Text {
    tokens: Rc<Tokens>,
    range: Range<usize>,
    window: usize,
    streams: Option<usize>,
}

impl Text {
    /// `range` of the tokens, at least two of them; a stream has at least one step, so fewer streams may result.
    pub fn new(tokens: Rc<Tokens>, range: Range<usize>, window: usize, cut: Cut) -> Text {
        let pairs = range.len() - 1;
        let window = window.min(pairs);
        let streams = match cut {
            Cut::Windows => None,
            Cut::Streams(n) => Some(n.clamp(1, pairs)),
            Cut::Figures => Some((pairs / window).clamp(1, MOST_STREAMS)),
        };
        Text { tokens, range, window, streams }
    }

    /// Samples that go side by side, when the state is carried.
    pub fn streams(&self) -> Option<usize> {
        self.streams
    }

    /// Pairs of a token and the one after it, in one stream.
    fn length(&self) -> usize {
        (self.range.len() - 1) / self.streams().unwrap_or(1)
    }

    fn start(&self, sample: usize) -> (usize, usize) {
        match self.streams {
            None => (self.range.start, sample),
            Some(n) => (self.range.start + (sample % n) * self.length(), sample / n),
        }
    }

    fn at(&self, sample: usize, step: usize) -> u32 {
        let (start, window) = self.start(sample);
        self.tokens.get(start + window * self.window + step)
    }
}

impl Samples for Text {
    fn len(&self) -> usize {
        self.length().div_ceil(self.window) * self.streams().unwrap_or(1)
    }

    fn steps(&self, sample: usize) -> usize {
        let (_, window) = self.start(sample);
        self.window.min(self.length() - window * self.window)
    }

    fn token(&self, sample: usize, step: usize) -> u32 {
        self.at(sample, step)
    }

    fn class(&self, sample: usize, step: usize) -> i32 {
        self.at(sample, step + 1) as i32
    }
}
