//! Predictions for given sequences, in the user's units and order. NOT: series (forecast), text (generate).

use crate::bundle::{Bundle, Elements};
use crate::data::batch::Batch;
use crate::data::form::Target;
use crate::data::ids::Ids;
use crate::data::prepare::Part;
use crate::data::samples::Samples;
use crate::data::sequences::Sequences;
use crate::describe::calls::PredictOptions;
use crate::describe::model::Input;
use crate::error::{Error, ErrorClass};
use crate::evaluate::{BATCH, capacity, workspace};
use crate::memory::filled;
use crate::model::{Model, recurrent};
use crate::session::saved::write_states;
use crate::shown::{loss_width, show};
use crate::unpack::{self, Place};
use rnn::losses::ctc::greedy;
use rnn::{At, Loss, States};
use std::rc::Rc;

/// `values`, `variance` (Gaussians), `classes` (or `decoded`, `decodedLengths`: CTC), `lengths` (ragged, at every step), `state.{k}.*`, `hidden.{i}`; see the table of bundles.
///
/// # Errors
/// For sequences or options that do not fit the model; `MemoryError`.
pub fn predict(model: &Model, data: Bundle, options: &str) -> Result<Bundle, Error> {
    let options = PredictOptions::from_json(options)?;
    let body = model.body()?;
    let network = &body.network;
    let sequences = inputs(model, data)?;
    let batch = sequences.len();
    let lengths: Vec<usize> = (0..batch).map(|i| sequences.steps(i)).collect();
    let longest = lengths.iter().copied().max().unwrap_or(0);
    let part = Part { samples: Rc::new(sequences), ids: Ids::first(batch), streams: None };
    let ids: Vec<u32> = part.ids.iter().collect();

    let every = body.form.at == At::Every;
    let size = network.output_size();
    let room = capacity(&part, BATCH);
    let mut workspace = workspace(network, room, false)?;
    let mut gathered = Batch::new(&body.form, room)?;
    let mut values = filled(&[batch, if every { longest } else { 1 }, size], f32::NAN)?;
    let mut end = States::zeros(network, batch);
    let mut hidden: Vec<(usize, Vec<f32>)> = Vec::new();
    if options.hidden {
        for layer in recurrent(network) {
            // A bidirectional layer shows both directions side by side.
            let width = layer.units() * layer.directions();
            hidden.push((width, filled(&[batch, longest, width], f32::NAN)?));
        }
    }
    for (chunk, ids) in ids.chunks(BATCH).enumerate() {
        gathered.gather_inputs(&*part.samples, ids);
        let packing = &gathered.packing;
        network.forward(&body.params, packing, gathered.input(), gathered.initial(), None, &mut workspace);
        let place = Place { start: chunk * BATCH, batch, steps: longest };
        match body.form.at {
            At::Every => unpack::steps(packing, workspace.output(), size, place, &mut values),
            At::Last => unpack::sequences(packing, workspace.output(), size, place, &mut values),
        }
        unpack::states(network, packing, workspace.final_states(), place, &mut end);
        for (k, (width, to)) in hidden.iter_mut().enumerate() {
            unpack::steps(packing, workspace.hidden_outputs(k), *width, place, to);
        }
    }

    let mut result = Bundle::default();
    let shape = |width| if every { vec![batch, longest, width] } else { vec![batch, width] };
    let mut width = size;
    match body.form.target {
        Target::Values(targets) if !options.raw => {
            let scaler = model.encoding.output.as_deref();
            if let Some(variances) = show(&mut values, targets, &body.form.loss, scaler)? {
                result.f32("variance", shape(targets), variances);
            }
            width = targets * loss_width(&body.form.loss);
        }
        Target::Values(_) => {}
        Target::Classes(n) | Target::Distributions(n) | Target::Labels(n) => {
            if let Loss::Ctc(ctc) = body.form.loss {
                decoded(&values, n, longest, ctc.blank, &mut result);
            } else {
                // A row past the end of its sequence is all NaN.
                let class = |row: &[f32]| if row[0].is_nan() { -1 } else { linalg::largest(row) as i32 };
                let classes: Vec<i32> = values.chunks_exact(n).map(class).collect();
                let shape = if every { vec![batch, longest] } else { vec![batch] };
                result.push("classes", shape, Elements::I32(classes));
            }
            if !options.raw {
                for row in values.chunks_exact_mut(n).filter(|row| !row[0].is_nan()) {
                    linalg::softmax(row);
                }
            }
        }
    }
    result.f32("values", shape(width), values);
    if every && lengths.iter().any(|&n| n != longest) {
        result.push("lengths", vec![batch], Elements::I32(lengths.iter().map(|&n| n as i32).collect()));
    }
    write_states(network, &end, "", &mut result);
    for (k, (width, data)) in hidden.into_iter().enumerate() {
        result.f32(format!("hidden.{k}"), vec![batch, longest, width], data);
    }
    Ok(result)
}

/// `decoded` (labels of one sequence after the other) and `decodedLengths`: the likeliest alignment of each, read.
fn decoded(values: &[f32], classes: usize, steps: usize, blank: usize, into: &mut Bundle) {
    let (mut labels, mut lengths) = (Vec::new(), Vec::new());
    for sequence in values.chunks_exact(steps * classes) {
        let before = labels.len();
        let rows = sequence.chunks_exact(classes).take_while(|row| !row[0].is_nan());
        greedy(rows.map(linalg::largest), blank, &mut labels);
        lengths.push((labels.len() - before) as i32);
    }
    into.push("decoded", vec![labels.len()], Elements::I32(labels));
    into.push("decodedLengths", vec![lengths.len()], Elements::I32(lengths));
}

/// Sequences in the network's units.
///
/// # Errors
/// `ConfigError` for a model of a series, whose inputs are made from a table; otherwise as [`Sequences::new`].
pub fn inputs(model: &Model, data: Bundle) -> Result<Sequences, Error> {
    let body = model.body()?;
    if matches!(model.description.input, Input::Series(_)) {
        let message = "a model of a series predicts from a table: use forecast or evaluate";
        return Err(Error::new(ErrorClass::Config, "wantsTable", message).about("input.series"));
    }
    model.encoding.require(&model.description)?;
    let mut sequences = Sequences::new(data, &body.form)?;
    sequences.scale(model.encoding.input.as_deref(), model.encoding.output.as_ref());
    Ok(sequences)
}
