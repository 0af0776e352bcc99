//! What a model's description becomes in `rnn`.

use super::model::{Input, ModelDescription, size};
use super::rules::{integer, number, word};
use super::words::unknown;
use crate::error::{Error, ErrorClass};
use crate::json::Value;
use rnn::{
    Activation, Activity, CellKind, CellNorm, CellNormKind, Form, Initialiser, Layer, Merge, Network, Norm, NormKind,
    Passed, Recurrent, Reset, Ring, WeightForm,
};

impl ModelDescription {
    /// The layers, with the names that their parameters begin with. The last one's units are 0 while the vocabulary is open.
    pub fn layers(&self) -> Vec<Layer> {
        self.json["layers"].as_array().into_iter().flatten().enumerate().map(|(i, l)| layer(i, l)).collect()
    }
}

/// The network of a description whose vocabulary is known. `input_size`: numbers that a step has once encoded (of a series:
/// its columns, the known ones ahead and the calendar); tokens have none.
///
/// # Errors
/// `ConfigError` while the vocabulary is open, and for what `rnn` refuses.
pub fn network(model: &ModelDescription, input_size: usize) -> Result<Network, Error> {
    let input = match (&model.input, model.vocabulary_size()) {
        (Input::Tokens(_), Some(vocabulary)) => rnn::Input::Tokens { vocabulary },
        (Input::Tokens(_), None) => return Err(Error::conflict("input.vocabulary", "is known after the first fit")),
        _ => rnn::Input::Values { size: input_size },
    };
    Network::new(input, model.layers(), model.output.at).map_err(|e| {
        // Most of its messages begin with the field.
        let field = e.message.split_once(':').map(|(field, _)| field).filter(|field| !field.contains(' '));
        let path = field.map_or(format!("layers[{}]", e.layer), |field| format!("layers[{}].{field}", e.layer));
        Error::new(ErrorClass::Config, "wrongOption", e.to_string()).about(path)
    })
}

fn layer(index: usize, l: &Value) -> Layer {
    let name = l["name"].as_str().map_or_else(|| index.to_string(), String::from);
    let (units, bias, trainable) = (size(&l["units"]), l["bias"] == true, l["trainable"] == true);
    let weight_norm = l["weightNorm"] == true;
    let cell = match word(&l["kind"]) {
        "dense" => {
            return Layer::Dense {
                units,
                activation: activation(&l["activation"]),
                bias,
                weight_norm,
                name,
                trainable,
            };
        }
        "embedding" => return Layer::Embedding { units, dropout: number(&l["dropout"]) as f32, name, trainable },
        "dropout" => return Layer::Dropout { rate: number(&l["rate"]) as f32, shared: l["shared"] == "time" },
        "noise" => return Layer::Noise { deviation: number(&l["deviation"]) as f32 },
        "layerNorm" => return norm(NormKind::Layer { bias }, l, name),
        "rmsNorm" => return norm(NormKind::Rms, l, name),
        "batchNorm" => return norm(NormKind::Batch { momentum: number(&l["momentum"]) }, l, name),
        "gru" if l["reset"] == "before" => CellKind::Gru { reset: Reset::Before },
        "gru" => CellKind::Gru { reset: Reset::After },
        "minGru" => CellKind::MinGru,
        "minLstm" => CellKind::MinLstm,
        "lru" => CellKind::Lru,
        "rnn" => CellKind::Rnn { activation: activation(&l["activation"]) },
        "lstm" => match (l["peepholes"] == true, l["coupled"] == true) {
            (false, false) => CellKind::Lstm,
            (peepholes, coupled) => CellKind::LstmVariant { peepholes, coupled },
        },
        _ => unknown(),
    };
    Layer::Recurrent(Recurrent {
        cell,
        hidden_size: size(&l["hiddenSize"]),
        num_layers: size(&l["numLayers"]),
        bidirectional: l["bidirectional"] == true,
        dropout: number(&l["dropout"]) as f32,
        dropout_shared: l["dropoutShared"] == "time",
        bias,
        forget_bias: l["forgetBias"].as_f64().map(|b| b as f32),
        name,
        trainable,
        form: form(l),
        activity: Activity {
            activation: number(&l["activationPenalty"]) as f32,
            temporal: number(&l["temporalPenalty"]) as f32,
        },
        weights: WeightForm { norm: weight_norm, drop: number(&l["weightDrop"]) as f32 },
    })
}

fn form(l: &Value) -> Form {
    Form {
        proj_size: integer(&l["projSize"]),
        merge: match word(&l["merge"]) {
            "sum" => Merge::Sum,
            "mean" => Merge::Mean,
            "product" => Merge::Product,
            "concat" => Merge::Concat,
            _ => unknown(),
        },
        passed: match (l["residual"] == true, l["skip"] == true) {
            (true, _) => Passed::Added,
            (_, true) => Passed::Beside,
            _ => Passed::Nothing,
        },
        learned_state: l["initialState"] == "learned",
        recurrent_init: Initialiser::from_name(word(&l["recurrentInit"])),
        recurrent_scale: l["recurrentScale"].as_f64().map(|scale| scale as f32).filter(|&scale| scale != 1.0),
        ring: match l["maxPhase"].as_f64() {
            Some(phase) => Ring {
                min_radius: number(&l["minRadius"]) as f32,
                max_radius: number(&l["maxRadius"]) as f32,
                max_phase: phase as f32,
            },
            None => Ring::default(),
        },
        recurrent_dropout: number(&l["recurrentDropout"]) as f32,
        variational: number(&l["variationalDropout"]) as f32,
        zoneout: number(&l["zoneout"]) as f32,
        memory_zoneout: number(&l["zoneoutCell"]) as f32,
        vanishing: number(&l["vanishingPenalty"]) as f32,
        normalization: inside(&l["normalization"]),
    }
}

/// What is normalised inside a cell.
fn inside(l: &Value) -> Option<CellNorm> {
    let kind = match word(&l["kind"]) {
        "layer" => CellNormKind::Layer,
        "rms" => CellNormKind::Rms,
        "batch" => CellNormKind::Batch { momentum: number(&l["momentum"]), max_steps: size(&l["maxSteps"]) },
        "" => return None,
        _ => unknown(),
    };
    Some(CellNorm { kind, epsilon: number(&l["epsilon"]) })
}

fn norm(kind: NormKind, l: &Value, name: String) -> Layer {
    Layer::Norm(Norm { kind, epsilon: number(&l["epsilon"]), name, trainable: l["trainable"] == true })
}

fn activation(name: &Value) -> Activation {
    match word(name) {
        "tanh" => Activation::Tanh,
        "relu" => Activation::Relu,
        "linear" => Activation::Linear,
        _ => unknown(),
    }
}
