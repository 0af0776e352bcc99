//! Against BPTT(k1, k2) written out by hand, and against sequences cut into pieces with carried state.

use crate::cells::{CELLS, of};
use crate::common::{bits, bits64, fit, fit_by_team, floats, text, writer};
use crate::support::{Data, LENGTHS, State, give, made_of, run, starting, taken};
use train::bundle::{Bundle, Elements};
use train::gradients::gradients;
use train::model::Model;
use train::predict::predict;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// BPTT(k1, k2) written out: the public calls on sequences cut by hand, plain descent at `rate`.
fn by_hand(model: &mut Model, data: &Data, k1: usize, k2: usize, rate: f32) -> usize {
    let lengths: Vec<usize> = data.x.iter().map(|x| x.len() / 2).collect();
    let longest = *lengths.iter().max().expect("some");
    // Of each sequence, and the step before which it is; before the first there is none.
    let mut states: Vec<(usize, State)> = lengths.iter().map(|_| (0, State::new())).collect();
    let mut updates = 0;
    for counted in (0..longest).step_by(k1) {
        let end = counted + k1;
        let start = end.saturating_sub(k2);
        let next = (end + k1).saturating_sub(k2);
        let going: Vec<usize> = (0..lengths.len()).filter(|&i| lengths[i] > counted).collect();
        let ends = |i: usize| lengths[i] <= end;
        if !data.every && !going.iter().any(|&i| ends(i)) {
            continue;
        }
        // One sequence after the other.
        let forward = |model: &Model, i: usize, (from, state): &(usize, State), to: usize| {
            if *from >= to {
                return state.clone();
            }
            let mut bundle = data.bundle(&[i], *from, to, None);
            bundle.tensors.retain(|t| t.name != "y");
            // Before the first step it is none that was left: zeros, or learned.
            if *from > 0 {
                give(&mut bundle, std::slice::from_ref(state));
            }
            taken(&predict(model, bundle, "{}").expect("fits"), 1).remove(0)
        };
        for &i in &going {
            states[i] = (states[i].0.max(start), forward(model, i, &states[i], start));
        }
        let weights = going.iter().flat_map(|&i| match data.every {
            true => (start..end.min(lengths[i])).map(|t| f32::from(t >= counted)).collect(),
            false => vec![f32::from(ends(i))],
        });
        let mut bundle = data.bundle(&going, start, end, Some(weights.collect()));
        if start > 0 {
            give(&mut bundle, &going.iter().map(|&i| states[i].1.clone()).collect::<Vec<_>>());
        }
        let gradient = gradients(model, bundle, "{}").expect("fits");
        for &i in going.iter().filter(|&&i| !ends(i)) {
            states[i] = (next.max(states[i].0), forward(model, i, &states[i], next));
        }
        let mut moved = Bundle::default();
        for tensor in model.parameters().expect("sized").tensors {
            let g = floats(&gradient, &format!("parameter.{}", tensor.name));
            let Elements::F32(p) = &tensor.elements else { panic!("floats") };
            let p = p.iter().zip(&g).map(|(p, g)| p - rate * g).collect();
            moved.f32(tensor.name, tensor.shape, p);
        }
        model.set_parameters(moved, true).expect("the same names");
        updates += 1;
    }
    updates
}

/// Both ways from the same start.
fn compare(at: &str, k1: usize, k2: usize, rate: f32, make: &dyn Fn() -> Model) {
    let data = Data::new(at, &LENGTHS);
    let mut expected = make();
    let what = format!("{} {at} {k1} {k2}", expected.description.to_json());
    let updates = by_hand(&mut expected, &data, k1, k2, rate);
    let mut trained = make();
    let run = run(k1, k2, r#","metrics":[]"#);
    let (records, _) =
        fit(&mut trained, data.all(), &run.replace("\"learningRate\":0.5", &format!("\"learningRate\":{rate}")));
    let steps = records.chunks_exact(8).filter(|row| row[0] == 0.0).count();
    assert_eq!(steps, updates, "{what}");
    let floats = |model: &Model| bits(model).into_iter().map(f32::from_bits).collect::<Vec<_>>();
    let moved = floats(&trained).iter().zip(&floats(&make())).fold(0f32, |m, (b, s)| m.max((b - s).abs()));
    assert!(moved > rate / 50.0, "{what}: it learns");
    assert_eq!(bits(&trained), bits(&expected), "{what}");
}

#[test]
fn it_is_what_is_written_out_by_hand() {
    for (at, initial) in [("every", "zeros"), ("last", "zeros"), ("every", "learned"), ("last", "learned")] {
        for (k1, k2) in [(1, 1), (3, 3), (2, 3), (3, 4), (2, 5), (4, 11), (1, 6), (5, 20), (20, 20)] {
            compare(at, k1, k2, 0.5, &|| starting(at, 0.0, initial));
        }
    }
}

/// States of one level and of two, beside an input that is passed on, and learned.
#[test]
fn so_it_is_of_every_cell() {
    for cell in CELLS {
        for more in ["", r#","numLayers":2,"skip":true"#, r#","initialState":"learned","weightNorm":true"#] {
            for (at, k1, k2) in [("every", 2, 5), ("last", 3, 4)] {
                compare(at, k1, k2, 0.0625, &|| made_of(&of(cell, more), at));
            }
        }
    }
}

/// Bits of the step records, without what differs by the form of the data.
fn steps(records: &[f64], columns: usize) -> Vec<u64> {
    let rows = records.chunks_exact(columns).filter(|row| row[0] == 0.0);
    rows.flat_map(|row| bits64(&row[2..7])).collect()
}

#[test]
fn with_one_length_it_is_backpropagation_through_cut_sequences_with_carried_state() {
    let optimizer =
        r#""optimizer":{"kind":"adam","learningRate":0.01},"clip":{"norm":0.5},"penalty":{"l2":0.01},"metrics":[]"#;
    let mut cut = writer();
    let cut_run = format!(r#"{{"epochs":2,"batchSize":4,"window":9,"carryState":true,{optimizer}}}"#);
    let (expected, _) = fit(&mut cut, text(400), &cut_run);
    // The same four streams as sequences of 99 steps.
    let Elements::U8(tokens) = text(400).tensors.remove(0).elements else { panic!("bytes") };
    let mut data = Bundle::default();
    data.note("kind", "sequences");
    data.push("lengths", vec![4], Elements::I32(vec![99; 4]));
    data.push("tokens", vec![396], Elements::U8(tokens[..396].to_vec()));
    data.push("classes", vec![396], Elements::I32(tokens[1..397].iter().map(|&t| i32::from(t)).collect()));
    for workers in [0, 2] {
        let run = format!(r#"{{"epochs":2,"batchSize":4,"shuffle":false,"truncation":{{"k1":9,"k2":9}},{optimizer}}}"#);
        let (mut truncated, records, mut cut, expected) = if workers == 0 {
            let mut model = writer();
            let (records, _) = fit(&mut model, data.clone(), &run);
            (vec![model], records, vec![writer()], expected.clone())
        } else {
            let mut models: Vec<_> = (0..workers).map(|_| writer()).collect();
            let records = fit_by_team(&mut models, &data, &run);
            let mut cut: Vec<_> = (0..workers).map(|_| writer()).collect();
            let expected = fit_by_team(&mut cut, &text(400), &cut_run);
            (models, records, cut, expected)
        };
        if workers == 0 {
            fit(&mut cut[0], text(400), &cut_run);
        }
        assert_eq!(bits(&truncated.remove(0)), bits(&cut.remove(0)), "{workers} workers");
        assert_eq!(steps(&records, 8), steps(&expected, 8), "{workers} workers");
    }
}
