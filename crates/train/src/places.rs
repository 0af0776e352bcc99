//! The parameters of a network as an optimiser sees them. NOT: what is done to them.

use optim::{Places, Tensor};
use rnn::{Parameter, ParameterTable, Role};

/// Those that are trained, in the order of the table.
pub fn trained(table: &ParameterTable) -> impl Iterator<Item = &Parameter> {
    table.entries().iter().filter(|p| p.trainable)
}

pub fn places(table: &ParameterTable) -> Places {
    Places::of(trained(table).map(|p| tensor(table, p)).collect())
}

fn tensor(table: &ParameterTable, parameter: &Parameter) -> Tensor {
    let (rows, stride) = parameter.rows();
    let matrix = is_matrix(parameter);
    let columns = parameter.shape.last().copied().unwrap_or(1);
    let tensor = Tensor::new(parameter.range(), matrix, rows, columns, stride);
    let hidden = matrix && !reads(table, parameter) && !predicts(table, parameter);
    if hidden { tensor.hidden() } else { tensor }
}

fn is_matrix(parameter: &Parameter) -> bool {
    // The norms of rows that PyTorch keeps in a column are none.
    parameter.shape.len() > 1 && parameter.role != Role::Magnitude
}

/// Whether it is the first to see the data: an embedding, or the input weights of the first layer that has weights.
fn reads(table: &ParameterTable, parameter: &Parameter) -> bool {
    let first = table.entries().iter().find(|p| is_matrix(p)).map(|p| p.layer);
    // By bytes: std's search for a text is a kilobyte and a half.
    let level = parameter.role != Role::InputWeight || parameter.name.as_bytes().windows(3).any(|name| name == b"_l0");
    let recurrent = parameter.role == Role::RecurrentWeight;
    parameter.role == Role::Embedding || (first == Some(parameter.layer) && level && !recurrent)
}

/// Whether it is the weight of a dense layer that comes last.
fn predicts(table: &ParameterTable, parameter: &Parameter) -> bool {
    let last = table.entries().iter().rev().find(|p| is_matrix(p)).map(|p| p.layer);
    parameter.role == Role::Weight && last == Some(parameter.layer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Names of the matrices that are hidden.
    fn hidden(description: &str) -> Vec<String> {
        let model = Model::create(description).expect("right");
        let table = model.body().expect("sized").network.table();
        let names = trained(table).zip(places(table).tensors).filter(|(_, t)| t.hidden);
        names.map(|(p, _)| p.name.clone()).collect()
    }

    #[test]
    fn hidden_matrices_are_neither_first_nor_last() {
        let two = r#"{"input":{"size":3},"layers":[{"kind":"lstm","hiddenSize":4,"numLayers":2},{"kind":"dense"}],
            "output":{"at":"last","size":2}}"#;
        assert_eq!(hidden(two), ["0.weight_hh_l0", "0.weight_ih_l1", "0.weight_hh_l1"]);
        let text = r#"{"input":{"vocabulary":8},"layers":[{"kind":"embedding","units":5},{"kind":"gru","hiddenSize":4},
            {"kind":"dense","units":6},{"kind":"dense"}]}"#;
        assert_eq!(hidden(text), ["1.weight_ih_l0", "1.weight_hh_l0", "2.weight"]);
        assert_eq!(hidden(r#"{"input":{"size":3},"layers":[{"kind":"rnn","hiddenSize":4}]}"#), ["0.weight_hh_l0"]);
    }

    #[test]
    fn rows_are_those_of_the_natural_tensors() {
        let description = r#"{"input":{"size":3},"layers":[{"kind":"gru","hiddenSize":5,"reset":"before","bidirectional":true},
            {"kind":"lstm","hiddenSize":3},{"kind":"dense"}],"output":{"at":"last","size":2}}"#;
        let model = Model::create(description).expect("right");
        let body = model.body().expect("sized");
        let table = body.network.table();
        for ((index, parameter), tensor) in table.entries().iter().enumerate().zip(places(table).tensors) {
            let mut natural = vec![0.0; parameter.count()];
            table.export(index, &body.params, &mut natural);
            assert_eq!((tensor.count(), tensor.matrix), (parameter.count(), parameter.shape.len() == 2));
            let places = (0..tensor.rows.len()).flat_map(|r| tensor.row(r));
            assert!(places.map(|at| body.params[at]).eq(natural), "{}", parameter.name);
        }
    }
}
