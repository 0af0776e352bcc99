//! Start of a linear recurrent unit (Orvieto et al. 2023, arXiv:2303.06349, section 3 and appendix A): eigenvalues uniformly
//! distributed in a ring of the unit disc, and the gains that give every unit a state of the size of its input.
//!
//! ```text
//! |λ|² = u (r_max² - r_min²) + r_min²    arg λ = u' φ_max    γ = √(1 - |λ|²)
//! Re B, Im B ~ N(0, 1 / 2I)    D ~ N(0, 1 / I)    Re C, Im C ~ N(0, 1 / H)
//! ```

use crate::init::Init;
use crate::params::{Parameter, Role};
use crate::random::Stream;
use crate::spec::{Recurrent, Ring};

/// Where |λ|² and the phase are cut off, so that the logarithms are of numbers above 0.
const LEAST: f64 = 1e-8;

/// Fills what a scheme leaves to the cell: its vectors always, its weights but with a scheme that names how they start.
///
/// `draws` gives the stream of the parameter of an index; γ is made of the same numbers as ν, two places before it.
pub(super) fn fill(
    layer: &Recurrent,
    entry: &Parameter,
    index: usize,
    scheme: Init,
    draws: &dyn Fn(usize) -> Stream,
    natural: &mut [f32],
) {
    let Ring { min_radius, max_radius, max_phase } = layer.form.ring;
    let (low, high) = (f64::from(min_radius), f64::from(max_radius));
    let square = |stream: &mut Stream| {
        let square = f64::from(stream.uniform()) * (high * high - low * low) + low * low;
        square.clamp(LEAST, 1.0 - LEAST)
    };
    let of = entry.name.strip_prefix(&layer.name).unwrap_or_default();
    let mut stream = draws(index);
    match entry.role {
        // exp(-exp(ν)) = |λ|.
        Role::Vector if of.starts_with(".nu_log") => {
            natural.fill_with(|| libm::log(-0.5 * libm::log(square(&mut stream))) as f32);
        }
        Role::Vector if of.starts_with(".theta_log") => {
            let mut phase = || f64::from(max_phase) * f64::from(stream.uniform());
            natural.fill_with(|| libm::log(phase().max(LEAST)) as f32);
        }
        Role::Vector => {
            let mut stream = draws(index - 2);
            natural.fill_with(|| libm::log((1.0 - square(&mut stream)).sqrt()) as f32);
        }
        Role::InputWeight | Role::Weight if !matches!(scheme, Init::Named { .. }) => {
            let inputs = entry.shape[1];
            let block = natural.len() / entry.gates;
            for (gate, part) in natural.chunks_exact_mut(block).enumerate() {
                let divisor = match (entry.role, gate) {
                    (Role::Weight, _) => inputs as f64 / 2.0,
                    (_, 0 | 1) => 2.0 * inputs as f64,
                    _ => inputs as f64,
                };
                part.fill_with(|| (stream.normal() / divisor.sqrt()) as f32);
            }
        }
        _ => {}
    }
}
