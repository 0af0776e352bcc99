//! Gradients of one batch for looking at: of every parameter, the inputs, the initial states, and the norm of ∂L/∂h_t of
//! every layer and step. By the model's loss, or by a given ∂L/∂output.

use crate::bundle::Bundle;
use crate::data::batch::{Batch, total_weight};
use crate::data::ids::Ids;
use crate::data::prepare::Part;
use crate::data::samples::Samples;
use crate::describe::calls::GradientsOptions;
use crate::error::Error;
use crate::evaluate::{capacity, workspace};
use crate::json::json;
use crate::memory::{buffer, filled};
use crate::model::Model;
use crate::predict::inputs;
use crate::session::saved::write_states;
use crate::text;
use crate::unpack::{self, Place};
use crate::update::write_flat;
use rnn::losses::ctc::Alignments;
use rnn::{At, Direction, Input, States, Want};
use std::rc::Rc;

/// `loss`, `parameter.*`, `input`, `state.{k}.*`, `hidden.{i}.norms` and `.values`; see the table of bundles. The gradient
/// of the input is that with respect to the numbers as they were given, in the user's units.
///
/// # Errors
/// For data or options that do not fit the model; `MemoryError`.
pub fn gradients(model: &Model, mut data: Bundle, options: &str) -> Result<Bundle, Error> {
    let options = GradientsOptions::from_json(options)?;
    let body = model.body()?;
    let network = &body.network;
    let cotangent = data.take_f32("outputGradient")?;
    let sequences = inputs(model, data)?;
    if cotangent.is_none() && !sequences.has_targets() {
        return Err(Error::data("y", "targets, or outputGradient", "neither"));
    }
    let batch = sequences.len();
    let part = Part { samples: Rc::new(sequences), ids: Ids::first(batch), streams: None };
    let ids: Vec<u32> = part.ids.iter().collect();
    let room = capacity(&part, batch);
    let mut ws = workspace(network, room, true)?;
    if options.values {
        ws.reserve_hidden_values(network).map_err(|e| Error::memory("the gradients of the states", e.bytes))?;
    }
    let mut gathered = Batch::new(&body.form, room)?;
    if cotangent.is_some() {
        gathered.gather_inputs(&*part.samples, &ids);
    } else {
        gathered.gather(&*part.samples, &ids);
    }
    let packing = &gathered.packing;
    network.forward(&body.params, packing, gathered.input(), gathered.initial(), None, &mut ws);
    let (output, output_gradient) = ws.output_and_gradient();
    let loss = match cotangent {
        Some((shape, rows)) => {
            let expected = [gathered.outputs(), network.output_size()];
            if shape != expected {
                return Err(Error::shape("outputGradient", text::shape(&expected), text::shape(&shape)));
            }
            // Given sequence after sequence, as targets are.
            let lengths = (0..batch).map(|i| if body.form.at == At::Every { part.samples.steps(i) } else { 1 });
            let starts: Vec<usize> = lengths.scan(0, |at, n| Some(std::mem::replace(at, *at + n))).collect();
            let width = network.output_size();
            let mut to = output_gradient.chunks_exact_mut(width);
            gathered.each_output(|sample, t| {
                let row = &rows[(starts[sample] + t) * width..][..width];
                to.next().expect("a row for each output").copy_from_slice(row);
            });
            output.iter().zip(&*output_gradient).map(|(o, g)| f64::from(*o) * f64::from(*g)).sum()
        }
        None => {
            let total = total_weight(&*part.samples, &mut part.ids.iter(), &body.form);
            let scale = if total > 0.0 { 1.0 / total } else { 0.0 };
            gathered.loss(output, scale, Some(output_gradient), &mut Alignments::default()).mean()
        }
    };
    let mut flat = buffer(network.table().len())?;
    let values = matches!(network.input(), Input::Values { .. });
    let want = Want { input: values, states: true, norms: true, hidden_values: options.values };
    let (input, initial) = (gathered.input(), gathered.initial());
    network.backward(&body.params, packing, input, initial, None, &mut ws, &mut flat, want);

    let mut result = Bundle::default();
    let place = Place { start: 0, batch, steps: room.steps };
    result.f64("loss", vec![loss]);
    write_flat(network.table(), &flat, "parameter.", &mut result);
    // Running statistics have none.
    let buffers = network.table().entries().iter().filter(|p| p.role.is_buffer());
    let buffers: Vec<String> = buffers.map(|p| ["parameter.", &p.name].concat()).collect();
    result.tensors.retain(|tensor| !buffers.contains(&tensor.name));
    let size = if let Input::Values { size } = network.input() { size } else { 0 };
    let mut input = filled(&[batch, room.steps, size], 0.0)?;
    if values {
        unpack::steps(packing, ws.input_gradient(), size, place, &mut input);
        if let Some(scaler) = &model.encoding.input {
            // x' = (x - offset) / scale, so that ∂L/∂x = ∂L/∂x' / scale.
            let scales = scaler.scale.iter().cycle();
            input.iter_mut().zip(scales).for_each(|(g, scale)| *g = (f64::from(*g) / scale) as f32);
        }
    }
    result.f32("input", vec![batch, room.steps, size], input);
    let mut initial = States::zeros(network, batch);
    unpack::states(network, packing, ws.state_gradients(), place, &mut initial);
    write_states(network, &initial, "", &mut result);
    let mut levels = Vec::new();
    for (i, gradient) in ws.hidden_gradients().iter().enumerate() {
        let direction = if gradient.direction == Direction::Forward { "forward" } else { "reverse" };
        let shape = network.states().iter().find(|s| s.layer == gradient.layer).expect("a recurrent layer");
        levels.push(json!({ "layer": shape.name, "level": gradient.level, "direction": direction }));
        result.f32(format!("hidden.{i}.norms"), vec![room.steps], gradient.norms.clone());
        if options.values {
            // Of the state that goes on in time: h, or an LRU's memory.
            let width = gradient.values.len() / packing.rows;
            let mut values = filled(&[batch, room.steps, width], 0.0)?;
            unpack::steps(packing, &gradient.values, width, place, &mut values);
            result.f32(format!("hidden.{i}.values"), vec![batch, room.steps, width], values);
        }
    }
    result.note("hidden", json!(levels).to_string());
    Ok(result)
}
