//! The twin itself is checked here: against PyTorch, against finite differences, and against formulas worked by hand.

mod by_hand;
mod cells_by_difference;
mod common;
mod inside_by_difference;
mod networks_by_difference;
mod norms_by_difference;
mod pytorch_losses;
mod pytorch_recurrent;
mod step_masks_by_difference;
mod vanishing_by_difference;
