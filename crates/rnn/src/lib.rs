//! Recurrent networks: parameter table, cells, the time loop, losses, initialisers.
#![forbid(unsafe_code)]
