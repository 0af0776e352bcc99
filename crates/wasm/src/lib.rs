//! The only crate that knows JavaScript: thin handles over train.
#![forbid(unsafe_code)]
