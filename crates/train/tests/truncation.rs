//! Truncated backpropagation through time: against sequences cut by hand, on any number of workers, resumed in the middle of
//! sequences; and states that run on over the batches of a source.

mod common;

use common::{Numbers, bits, bits64, classifier, fit, fit_by_team, floats, run_to_end, text, writer};
use train::bundle::{Bundle, Elements};
use train::checkpoint;
use train::gradients::gradients;
use train::model::Model;
use train::predict::predict;
use train::session::{Session, Status};
use train::trainer::Trainer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const LENGTHS: [usize; 7] = [9, 3, 14, 6, 14, 1, 11];
const HIDDEN: usize = 4;

fn model(at: &str, dropout: f32) -> Model {
    starting(at, dropout, "zeros")
}

fn starting(at: &str, dropout: f32, initial: &str) -> Model {
    let json = format!(
        r#"{{"input":{{"size":2}},"layers":[{{"kind":"lstm","hiddenSize":{HIDDEN},"initialState":"{initial}"}},{{"kind":"dropout","rate":{dropout}}},
            {{"kind":"gru","hiddenSize":{HIDDEN},"initialState":"{initial}"}},{{"kind":"dense"}}],"output":{{"at":"{at}","size":1}},"seed":9}}"#
    );
    Model::create(&json).expect("right")
}

/// Sequences of two numbers a step, and targets.
#[derive(Clone)]
struct Data {
    x: Vec<Vec<f32>>,
    y: Vec<Vec<f32>>,
    every: bool,
}

impl Data {
    fn new(at: &str, lengths: &[usize]) -> Data {
        let mut numbers = Numbers::new(31);
        let every = at == "every";
        let x = lengths.iter().map(|&n| numbers.list(2 * n)).collect();
        let y = lengths.iter().map(|&n| numbers.list(if every { n } else { 1 })).collect();
        Data { x, y, every }
    }

    /// Steps `from .. to` of sequences `which`; `weights` are of the targets.
    fn bundle(&self, which: &[usize], from: usize, to: usize, weights: Option<Vec<f32>>) -> Bundle {
        let mut bundle = Bundle::default();
        bundle.note("kind", "sequences");
        let end = |i: usize| to.min(self.x[i].len() / 2);
        let lengths: Vec<i32> = which.iter().map(|&i| (end(i) - from) as i32).collect();
        let x: Vec<f32> = which.iter().flat_map(|&i| self.x[i][2 * from..2 * end(i)].to_vec()).collect();
        let y: Vec<f32> = which
            .iter()
            .flat_map(|&i| if self.every { self.y[i][from..end(i)].to_vec() } else { self.y[i].clone() })
            .collect();
        bundle.push("lengths", vec![which.len()], Elements::I32(lengths));
        bundle.f32("x", vec![x.len() / 2, 2], x);
        if let Some(weights) = weights {
            bundle.f32("weight", vec![weights.len()], weights);
        }
        bundle.f32("y", vec![y.len(), 1], y);
        bundle
    }

    fn all(&self) -> Bundle {
        self.bundle(&(0..self.x.len()).collect::<Vec<_>>(), 0, usize::MAX, None)
    }
}

/// The states of single sequences: h and c of the LSTM, h of the GRU.
type State = [Vec<f32>; 3];
const NAMES: [&str; 3] = ["state.0.h", "state.0.c", "state.1.h"];

fn give(bundle: &mut Bundle, states: &[State]) {
    for (k, name) in NAMES.iter().enumerate() {
        let rows = states.iter().flat_map(|state| state[k].clone()).collect();
        bundle.f32(*name, vec![1, states.len(), HIDDEN], rows);
    }
}

fn taken(bundle: &Bundle, n: usize) -> Vec<State> {
    let all = NAMES.map(|name| floats(bundle, name));
    (0..n).map(|i| all.each_ref().map(|rows| rows[i * HIDDEN..(i + 1) * HIDDEN].to_vec())).collect()
}

/// BPTT(k1, k2) written out: the public calls on sequences cut by hand, plain descent at `rate`.
fn by_hand(model: &mut Model, data: &Data, k1: usize, k2: usize, rate: f32) -> usize {
    let lengths: Vec<usize> = data.x.iter().map(|x| x.len() / 2).collect();
    let longest = *lengths.iter().max().expect("some");
    let zero = || std::array::from_fn(|_| vec![0.0; HIDDEN]);
    // Of each sequence, and the step before which it is.
    let mut states: Vec<(usize, State)> = lengths.iter().map(|_| (0, zero())).collect();
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

fn run(k1: usize, k2: usize, more: &str) -> String {
    format!(
        r#"{{"epochs":1,"batchSize":"full","shuffle":false,"clip":"none","truncation":{{"k1":{k1},"k2":{k2}}},
            "optimizer":{{"kind":"sgd","learningRate":0.5}}{more}}}"#
    )
}

#[test]
fn it_is_what_is_written_out_by_hand() {
    let mut worst = 0f32;
    for (at, initial) in [("every", "zeros"), ("last", "zeros"), ("every", "learned"), ("last", "learned")] {
        for (k1, k2) in [(1, 1), (3, 3), (2, 3), (3, 4), (2, 5), (4, 11), (1, 6), (5, 20), (20, 20)] {
            let data = Data::new(at, &LENGTHS);
            let mut expected = starting(at, 0.0, initial);
            let updates = by_hand(&mut expected, &data, k1, k2, 0.5);
            let mut trained = starting(at, 0.0, initial);
            let (records, _) = fit(&mut trained, data.all(), &run(k1, k2, r#","metrics":[]"#));
            let steps = records.chunks_exact(8).filter(|row| row[0] == 0.0).count();
            assert_eq!(steps, updates, "{at} {initial} {k1} {k2}");
            let floats = |model: &Model| bits(model).into_iter().map(f32::from_bits).collect::<Vec<_>>();
            let (a, b, start) = (floats(&trained), floats(&expected), floats(&starting(at, 0.0, initial)));
            let size = b.iter().fold(0f32, |m, v| m.max(v.abs()));
            let moved = b.iter().zip(&start).fold(0f32, |m, (b, s)| m.max((b - s).abs()));
            assert!(moved > 0.01, "{at} {initial} {k1} {k2}: it learns");
            let error = a.iter().zip(&b).fold(0f32, |m, (a, b)| m.max((a - b).abs())) / size;
            worst = worst.max(error);
        }
    }
    // Rounding of a few tens of updates in 32 bits.
    assert!(worst <= 2e-6, "{worst}");
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

const OPTIONS: &str = r#","metrics":["mae"],"validationSplit":0.2"#;

fn long_run(k1: usize, k2: usize) -> String {
    run(k1, k2, OPTIONS).replace("\"epochs\":1", "\"epochs\":3").replace("\"full\"", "4").replace("false", "true")
}

fn many() -> Vec<usize> {
    (0..19).map(|i| 1 + (i * 5) % 12).collect()
}

#[test]
fn any_number_of_workers_gives_the_same_bits() {
    for (at, k1, k2) in [("every", 3, 3), ("every", 2, 5), ("last", 3, 3), ("last", 2, 5)] {
        let data = Data::new(at, &many()).all();
        let run = long_run(k1, k2).replace("\"batchSize\":4", "\"batchSize\":6");
        let mut alone = [model(at, 0.3)];
        let records = fit_by_team(&mut alone, &data, &run);
        for workers in [2, 3, 8] {
            let mut team: Vec<_> = (0..workers).map(|_| model(at, 0.3)).collect();
            let shared = fit_by_team(&mut team, &data, &run);
            assert_eq!(bits(&team[0]), bits(&alone[0]), "{at} {k1} {k2}, {workers} workers");
            assert_eq!(bits64(&shared), bits64(&records), "{at} {k1} {k2}, {workers} workers");
        }
    }
}

fn resumed_equals_unbroken(make: &dyn Fn() -> Model, data: &Bundle, run: &str) {
    let mut whole = make();
    let (unbroken, end) = fit(&mut whole, data.clone(), run);
    for at in 1..40 {
        let mut model = make();
        let mut session = Session::fit(&mut model, data.clone(), run, None, None).expect("right");
        if session.run(&mut model, at).expect("goes on") == Status::Done {
            assert!(at > 12, "the run has some updates");
            return;
        }
        let mut records = session.records();
        let file = checkpoint::save(&model, Some(&session), true).expect("there is room");
        let mut loaded = checkpoint::load(&file).expect("a file just written");
        let session = Session::resume(&mut loaded, data.clone(), "{}", None, None).expect("the same data");
        let (rest, resumed_end) = run_to_end(&mut loaded, session, 2);
        records.extend(rest);
        assert_eq!(bits(&loaded), bits(&whole), "weights, cut after {at} units");
        assert_eq!(bits64(&records), bits64(&unbroken), "records, cut after {at} units");
        assert_eq!(resumed_end, end);
    }
}

#[test]
fn resumed_in_the_middle_of_sequences_it_equals_the_unbroken_run() {
    for (at, k1, k2) in [("every", 3, 3), ("every", 2, 5), ("last", 3, 3), ("last", 2, 5)] {
        resumed_equals_unbroken(&|| model(at, 0.3), &Data::new(at, &many()).all(), &long_run(k1, k2));
    }
    let read = r#"{"epochs":2,"batchSize":4,"window":20,"carryState":true,"truncation":{"k1":4,"k2":6},"validationSplit":0.2,
        "optimizer":{"kind":"rmsprop","learningRate":0.01,"momentum":0.5}}"#;
    resumed_equals_unbroken(&writer, &text(400), read);
}

#[test]
fn a_run_that_ends_in_the_middle_of_a_sequence_goes_on_there() {
    let data = Data::new("every", &many()).all();
    let run = |steps: usize| long_run(2, 5).replace("\"epochs\":3", &format!("\"steps\":{steps}"));
    let mut long = model("every", 0.3);
    fit(&mut long, data.clone(), &run(9));
    let mut short = model("every", 0.3);
    let (records, _) = fit(&mut short, data.clone(), &run(2));
    assert_eq!(records.chunks_exact(10).filter(|row| row[0] == 1.0).count(), 1, "what was done is looked at");
    let session = Session::resume(&mut short, data, r#"{"steps":9}"#, None, None).expect("right");
    run_to_end(&mut short, session, 1);
    assert_eq!(bits(&short), bits(&long));
}

#[test]
fn what_is_planned_is_told_where_it_is_known() {
    let info = |lengths: &[usize], run: &str| {
        let mut model = model("every", 0.0);
        let session = Session::fit(&mut model, Data::new("every", lengths).all(), run, None, None).expect("right");
        session.info()
    };
    // Batches of two: 9 steps are three updates of 3; of the ragged ones the longest decides.
    assert!(info(&[9; 4], &run(3, 3, "").replace("\"full\"", "2")).contains("\"steps\":6"));
    assert!(info(&[9, 2, 1, 4], &run(3, 3, "").replace("\"full\"", "2")).contains("\"steps\":5"));
    let shuffled = run(3, 3, "").replace("\"full\"", "2").replace("false", "true");
    assert!(info(&[9, 2, 1, 4], &shuffled).contains("\"steps\":null"), "the order decides");
    let mut trained = model("every", 0.0);
    let unshuffled = run(3, 3, r#","metrics":[]"#).replace("\"full\"", "2");
    let (records, _) = fit(&mut trained, Data::new("every", &[9, 2, 1, 4]).all(), &unshuffled);
    assert_eq!(records[records.len() - 8 + 2], 5.0);
}

/// Supplies the batches from number `start` on, in passes of `pass`.
fn feed(model: &mut Model, session: &mut Session, batches: &[Bundle], mut start: usize, units: usize) -> Vec<f64> {
    let mut records = Vec::new();
    for _ in 0..units {
        let status = session.run(model, 1).expect("goes on");
        records.extend(session.records());
        match status {
            Status::NeedsBatch => {
                let next = match batches.get(start) {
                    Some(batch) => batch.clone(),
                    None => {
                        let mut end = Bundle::default();
                        end.note("kind", "end");
                        end
                    }
                };
                start = if start < batches.len() { start + 1 } else { 0 };
                session.supply(model, next).expect("fits");
            }
            Status::Done => break,
            _ => {}
        }
    }
    records
}

fn source() -> Bundle {
    let mut bundle = Bundle::default();
    bundle.note("kind", "batches");
    bundle
}

/// The sequences cut at these steps, a batch for each piece: of the first batch's lengths, of the second's …
fn pieces(cuts: &[[usize; 3]]) -> Vec<Bundle> {
    let mut numbers = Numbers::new(77);
    let piece = |lengths: &[usize; 3]| {
        let rows: usize = lengths.iter().sum();
        let mut bundle = Bundle::default();
        bundle.note("kind", "sequences");
        bundle.push("lengths", vec![3], Elements::I32(lengths.iter().map(|&n| n as i32).collect()));
        bundle.f32("x", vec![rows, 2], numbers.list(2 * rows));
        bundle.f32("y", vec![rows, 1], numbers.list(rows));
        bundle
    };
    cuts.iter().map(piece).collect()
}

const CUTS: [[usize; 3]; 4] = [[5, 2, 7], [1, 6, 3], [4, 4, 4], [2, 9, 3]];

#[test]
fn batches_of_a_source_go_on_where_those_before_ended() {
    let batches = pieces(&CUTS);
    let update = r#""optimizer":{"kind":"adam","learningRate":0.01}"#;
    // A trainer that is given the states by hand; they are in the caller's order, however ragged the batches are.
    let mut expected = model("every", 0.2);
    let mut trainer = Trainer::open(&mut expected, &format!("{{{update}}}")).expect("right");
    for _ in 0..2 {
        let mut states: Option<Vec<State>> = None;
        for batch in &batches {
            let mut batch = batch.clone();
            if let Some(states) = &states {
                give(&mut batch, states);
            }
            states = Some(taken(&trainer.step(&mut expected, batch).expect("fits"), 3));
        }
    }
    let run = format!(r#"{{"epochs":2,"carryState":true,{update},"metrics":[]}}"#);
    let mut trained = model("every", 0.2);
    let mut session = Session::fit(&mut trained, source(), &run, None, None).expect("right");
    feed(&mut trained, &mut session, &batches, 0, 1000);
    session.finish(&mut trained).expect("finite");
    assert_eq!(bits(&trained), bits(&expected));
}

#[test]
fn a_source_goes_on_after_a_file_from_the_number_already_used() {
    let batches = pieces(&CUTS);
    for more in
        [r#""carryState":true"#, r#""carryState":true,"truncation":{"k1":2,"k2":3}"#, r#""truncation":{"k1":3,"k2":3}"#]
    {
        let run = format!(r#"{{"epochs":3,{more},"metrics":["mae"]}}"#);
        let make = || model("every", 0.2);
        let mut whole = make();
        let mut session = Session::fit(&mut whole, source(), &run, None, None).expect("right");
        let unbroken = feed(&mut whole, &mut session, &batches, 0, 1000);
        session.finish(&mut whole).expect("finite");
        for units in 1..30 {
            let mut cut = make();
            let mut session = Session::fit(&mut cut, source(), &run, None, None).expect("right");
            let mut records = feed(&mut cut, &mut session, &batches, 0, units);
            let file = checkpoint::save(&cut, Some(&session), true).expect("there is room");
            let mut loaded = checkpoint::load(&file).expect("a file just written");
            let mut session = Session::resume(&mut loaded, source(), "{}", None, None).expect("a source");
            let used =
                session.info().split("\"batches\":").nth(1).expect("told").split(',').next().map(str::parse::<usize>);
            let used = used.expect("a number").expect("a number");
            records.extend(feed(&mut loaded, &mut session, &batches, used % batches.len(), 1000));
            session.finish(&mut loaded).expect("finite");
            assert_eq!(bits(&loaded), bits(&whole), "{more}, cut after {units}");
            // Of an epoch that the end of a pass has just closed, the record would have come with the next slice.
            if !used.is_multiple_of(batches.len()) {
                assert_eq!(bits64(&records), bits64(&unbroken), "{more}, cut after {units}");
            }
        }
    }
}

#[test]
fn what_is_refused() {
    let refused = |model: &mut Model, data: Bundle, run: &str| {
        Session::fit(model, data, run, None, None).err().expect(run).message.clone()
    };
    let two = "layers[0] is bidirectional: its reverse direction begins where a sequence ends";
    let run = r#"{"truncation":{"k1":2,"k2":4}}"#;
    assert_eq!(refused(&mut classifier(), common::classified(9), run), format!("truncation: {two}"));
    assert_eq!(
        refused(&mut classifier(), source(), r#"{"carryState":true}"#),
        "data: constants of the scale are fitted on data that are there as a whole; fit on samples first"
    );
    let run = r#"{"truncation":{"k1":4,"k2":2}}"#;
    assert_eq!(
        refused(&mut model("every", 0.0), Data::new("every", &[3]).all(), run),
        "truncation.k2: expected at least k1, 4, got 2"
    );
    let run = r#"{"carryState":true}"#;
    assert_eq!(
        refused(&mut model("every", 0.0), Data::new("every", &[3]).all(), run),
        "carryState: is for a text, or a source of batches"
    );
    let team = Some(train::session::Team { workers: 2, index: 0 });
    let error = Session::fit(&mut model("every", 0.0), source(), run, None, team).err().expect("an unknown size");
    assert_eq!(error.path.as_deref(), Some("batchSize"));

    // Batches whose sequences cannot be those of the batch before.
    let mut trained = model("every", 0.0);
    let mut session = Session::fit(&mut trained, source(), run, None, None).expect("right");
    session.run(&mut trained, 1).expect("wants a batch");
    session.supply(&mut trained, pieces(&CUTS).remove(0)).expect("fits");
    session.run(&mut trained, 1).expect("goes on");
    let error = session.supply(&mut trained, Data::new("every", &[3, 3]).all()).expect_err("two for three");
    assert_eq!((error.class.name(), error.code), ("DataError", "otherBatchSize"));
}
