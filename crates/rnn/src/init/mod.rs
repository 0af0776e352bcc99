//! Start values of the parameters.
//!
//! Every parameter draws from a stream of its own, keyed by seed and index, in its natural order: the values do not depend on
//! the layout, nor on the other parameters.

mod orthogonal;
mod ring;

use crate::network::Network;
use crate::params::{Buffer, Parameter, Role};
use crate::random::{Philox, Purpose, Stream};
use crate::spec::{CellKind, Layer};

/// How a weight matrix starts, each gate's block `[units, inputs]` for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initialiser {
    /// Uniform in ±√(6 / (inputs + units)) (Glorot and Bengio 2010).
    GlorotUniform,
    /// Orthonormal rows, or columns when there are more rows: uniformly distributed among such (Saxe et al. 2014).
    Orthogonal,
    /// Ones on the diagonal; with relu the IRNN of Le et al. 2015 (arXiv:1504.00941).
    Identity,
    /// PyTorch's: uniform in ±1/√H in recurrent layers, ±1/√inputs in dense ones.
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
    /// Glorot for weights that read an input, orthogonal for recurrent ones, zero biases but for the LSTM's `forget_bias` in
    /// `bias_ih`, zero peepholes and learned states; an LRU as its paper says (ring); embeddings uniform in ±√3 (variance 1, which Glorot's rule supposes of an input).
    Default,
    /// As PyTorch's modules: recurrent layers uniform in ±1/√H, dense ones in ±1/√inputs, biases too; embeddings standard
    /// normal, learned states zero. PyTorch knows no `forget_bias`: it is set only when it is given.
    PyTorch,
    /// `input` for weights that read an input (of dense layers too), `recurrent` for the others; the rest as by default.
    Named { input: Initialiser, recurrent: Initialiser },
}

/// Writes the start values of every parameter; the padding becomes zero.
///
/// # Panics
/// When `params` is not as long as the network's table.
pub fn initialise(network: &Network, scheme: Init, seed: u64, params: &mut [f32]) {
    let philox = Philox::new(seed, Purpose::Weights);
    for (index, entry) in network.table().entries().iter().enumerate() {
        let mut natural = vec![0.0; entry.count()];
        let mut stream = philox.child([index as u32, 0, 0, 0]).stream();
        match scheme {
            Init::PyTorch => pytorch(network, entry, &mut natural, &mut stream),
            Init::Default => {
                named(entry, Initialiser::GlorotUniform, Initialiser::Orthogonal, &mut natural, &mut stream)
            }
            Init::Named { input, recurrent } => named(entry, input, recurrent, &mut natural, &mut stream),
        }
        if let Layer::Recurrent(layer) = &network.layers()[entry.layer]
            && layer.cell == CellKind::Lru
        {
            let draws = |index: usize| philox.child([index as u32, 0, 0, 0]).stream();
            ring::fill(layer, entry, index, scheme, &draws, &mut natural);
        }
        recurrent(network, entry, &mut natural, &mut stream);
        inside(network, entry, &mut natural);
        if let Some((gate, value)) = forget_bias(network, entry, scheme) {
            let hidden = entry.shape[0] / entry.gates;
            natural[gate * hidden..][..hidden].fill(value);
        }
        network.table().import(index, &natural, params);
    }
    network.table().start_magnitudes(params);
}

fn named(entry: &Parameter, input: Initialiser, recurrent: Initialiser, natural: &mut [f32], stream: &mut Stream) {
    let initialiser = match entry.role {
        Role::InputWeight | Role::Weight => input,
        Role::RecurrentWeight => recurrent,
        Role::Embedding => return uniform(natural, 3f64.sqrt(), stream),
        Role::Gain | Role::Magnitude | Role::Buffer(Buffer::Variance) => return natural.fill(1.0),
        Role::Bias | Role::Vector | Role::State | Role::Buffer(_) => return,
    };
    let (units, inputs) = (entry.shape[0] / entry.gates, entry.shape[1]);
    for block in natural.chunks_exact_mut(units * inputs) {
        match initialiser {
            Initialiser::GlorotUniform => uniform(block, (6.0 / (inputs + units) as f64).sqrt(), stream),
            Initialiser::Orthogonal => orthogonal::fill(block, units, inputs, stream),
            Initialiser::Identity => block.chunks_exact_mut(inputs).enumerate().for_each(|(i, row)| {
                if let Some(diagonal) = row.get_mut(i) {
                    *diagonal = 1.0;
                }
            }),
            Initialiser::Uniform => {
                let fan = if entry.role == Role::Weight { inputs } else { units };
                uniform(block, 1.0 / (fan as f64).sqrt(), stream);
            }
            Initialiser::Zeros => {}
        }
    }
}

fn pytorch(network: &Network, entry: &Parameter, natural: &mut [f32], stream: &mut Stream) {
    let fan = match (&network.layers()[entry.layer], entry.role) {
        (_, Role::State) => return,
        (_, Role::Gain | Role::Magnitude | Role::Buffer(Buffer::Variance)) => return natural.fill(1.0),
        (Layer::Norm(_), _) => return,
        (_, Role::Embedding) => return natural.iter_mut().for_each(|x| *x = stream.normal() as f32),
        (Layer::Recurrent(layer), _) => layer.hidden_size,
        _ => {
            // A dense layer's bias goes by the inputs of its weight.
            let mut same_layer = network.table().entries().iter().filter(|other| other.layer == entry.layer);
            same_layer.find(|other| other.role == Role::Weight).map_or(1, |weight| weight.shape[1])
        }
    };
    uniform(natural, 1.0 / (fan as f64).sqrt(), stream);
}

/// What a layer says itself of its recurrent weights, whatever the scheme.
fn recurrent(network: &Network, entry: &Parameter, natural: &mut [f32], stream: &mut Stream) {
    let Layer::Recurrent(layer) = &network.layers()[entry.layer] else { return };
    if entry.role != Role::RecurrentWeight {
        return;
    }
    if let Some(initialiser) = layer.form.recurrent_init {
        natural.fill(0.0);
        named(entry, initialiser, initialiser, natural, stream);
    }
    if let Some(scale) = layer.form.recurrent_scale {
        natural.iter_mut().for_each(|w| *w *= scale);
    }
}

/// Gains of norms inside a cell, whatever the scheme; shifts and running means, which are none.
fn inside(network: &Network, entry: &Parameter, natural: &mut [f32]) {
    let Layer::Recurrent(layer) = &network.layers()[entry.layer] else { return };
    let Some(norm) = layer.form.normalization else { return };
    match entry.role {
        Role::Gain => natural.fill(norm.gain()),
        Role::Buffer(Buffer::Mean | Buffer::Count) => natural.fill(0.0),
        Role::Bias if entry.name[layer.name.len()..].starts_with(".bias_c") => natural.fill(0.0),
        _ => {}
    }
}

/// The forget gate and what its part of this bias is set to, if at all.
fn forget_bias(network: &Network, entry: &Parameter, scheme: Init) -> Option<(usize, f32)> {
    let Layer::Recurrent(layer) = &network.layers()[entry.layer] else { return None };
    let gate = layer.cell.forget_gate()?;
    let here = entry.role == Role::Bias;
    // Both biases exist, as in PyTorch; one of them takes it all.
    let here = here && entry.name.strip_prefix(&layer.name).is_some_and(|rest| rest.starts_with(".bias_ih"));
    let usual = (scheme != Init::PyTorch).then_some(1.0);
    layer.forget_bias.or(usual).filter(|_| here).map(|value| (gate, value))
}

fn uniform(values: &mut [f32], bound: f64, stream: &mut Stream) {
    for value in values {
        *value = ((2.0 * f64::from(stream.uniform()) - 1.0) * bound) as f32;
    }
}
