//! Start values of the parameters.

use crate::network::Network;

/// How one weight matrix starts, gate block by gate block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initialiser {
    GlorotUniform,
    Orthogonal,
    Identity,
    Uniform,
    Zeros,
}

impl Initialiser {
    /// The names of descriptions, in the order of the variants.
    pub const NAMES: [&'static str; 5] = ["glorotUniform", "orthogonal", "identity", "uniform", "zeros"];

    pub fn from_name(name: &str) -> Option<Initialiser> {
        use Initialiser::*;
        let all = [GlorotUniform, Orthogonal, Identity, Uniform, Zeros];
        Self::NAMES.iter().position(|&n| n == name).map(|i| all[i])
    }
}

/// How a network starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    Default,
    PyTorch,
    Named { input: Initialiser, recurrent: Initialiser },
}

/// Writes the start values of every parameter; the padding becomes zero.
pub fn initialise(network: &Network, scheme: Init, seed: u64, params: &mut [f32]) {
    let _ = (network, scheme, seed, params);
    unimplemented!()
}
