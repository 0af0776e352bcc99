//! The slow readable f64 twin of rnn, the truth in tests.
#![forbid(unsafe_code)]
