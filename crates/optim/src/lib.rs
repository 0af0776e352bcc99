//! Optimisers, clipping, penalties and schedules over flat slices.
#![forbid(unsafe_code)]
