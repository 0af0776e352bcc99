//! Small models and data for the tests of train.
#![allow(dead_code)] // each test file uses some of it

pub mod outside;
pub mod resume;

use train::bundle::{Bundle, Elements};
use train::evaluate::evaluate;
use train::model::Model;
use train::session::{Session, Status, Team};

/// Deterministic numbers in (-1, 1): a linear congruential generator, for data alone.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(3_037_000_493))
    }

    pub fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    pub fn list(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.next()).collect()
    }
}

/// Ragged sequences of two numbers whose class is the sign of the sum of the first column.
pub fn classified(n: usize) -> Bundle {
    let mut numbers = Numbers::new(1);
    let lengths: Vec<i32> = (0..n as i32).map(|i| 3 + i % 5).collect();
    let rows = lengths.iter().sum::<i32>() as usize;
    let x = numbers.list(rows * 2);
    let mut at = 0;
    let classes = lengths.iter().map(|&n| {
        let sum: f32 = x[at * 2..(at + n as usize) * 2].iter().step_by(2).sum();
        at += n as usize;
        i32::from(sum > 0.0)
    });
    let classes: Vec<i32> = classes.collect();
    let mut bundle = Bundle::default();
    bundle.note("kind", "sequences");
    bundle.push("lengths", vec![n], Elements::I32(lengths));
    bundle.f32("x", vec![rows, 2], x);
    bundle.push("classes", vec![n], Elements::I32(classes));
    bundle
}

/// A text over eight tokens with some order in it.
pub fn text(n: usize) -> Bundle {
    let mut numbers = Numbers::new(2);
    let tokens = (0..n).map(|i| ((i * i / 3 + (numbers.next() > 0.8) as usize) % 8) as u8).collect();
    let mut bundle = Bundle::default();
    bundle.note("kind", "text");
    bundle.push("tokens", vec![n], Elements::U8(tokens));
    bundle
}

/// `n` sequences of one step and one number; the target is three times the input.
pub fn tripled(n: usize, more: impl FnOnce(&mut Bundle)) -> Bundle {
    let x: Vec<f32> = (0..n).map(|i| i as f32 / n as f32 - 0.5).collect();
    let mut bundle = Bundle::default();
    bundle.note("kind", "sequences");
    bundle.push("lengths", vec![n], Elements::I32(vec![1; n]));
    bundle.f32("y", vec![n, 1], x.iter().map(|v| 3.0 * v).collect());
    bundle.f32("x", vec![n, 1], x);
    more(&mut bundle);
    bundle
}

/// Each sequence of a classified data set by itself.
pub fn singles(data: &Bundle) -> Vec<Bundle> {
    let ints = |name: &str| match &data.find(name).expect("given").elements {
        Elements::I32(v) => v.clone(),
        other => panic!("{}", other.dtype()),
    };
    let (x, mut at) = (floats(data, "x"), 0);
    let one = |(n, class): (i32, i32)| {
        let mut one = Bundle::default();
        one.note("kind", "sequences");
        one.push("lengths", vec![1], Elements::I32(vec![n]));
        let steps = n as usize;
        one.f32("x", vec![steps, 2], x[at * 2..(at + steps) * 2].to_vec());
        one.push("classes", vec![1], Elements::I32(vec![class]));
        at += steps;
        one
    };
    ints("lengths").into_iter().zip(ints("classes")).map(one).collect()
}

/// A model for [`tripled`]; `output` is added to its output's description.
pub fn tripler(output: &str) -> Model {
    let json = format!(
        r#"{{"input":{{"size":1}},"layers":[{{"kind":"rnn","hiddenSize":4}},{{"kind":"dense"}}],"output":{{"at":"last","size":1{output}}}}}"#
    );
    Model::create(&json).expect("right")
}

pub fn classifier() -> Model {
    Model::create(
        r#"{"input":{"size":2,"scale":"standard"},
            "layers":[{"kind":"gru","hiddenSize":6,"bidirectional":true,"numLayers":2,"dropout":0.2},{"kind":"dense"}],
            "output":{"at":"last","classes":2},"seed":3}"#,
    )
    .expect("a right description")
}

pub fn writer() -> Model {
    Model::create(
        r#"{"input":{"vocabulary":8},"layers":[{"kind":"embedding","units":5},{"kind":"lstm","hiddenSize":7},{"kind":"dense"}],"seed":5}"#,
    )
    .expect("a right description")
}

/// A model of a series with its calendar, and the series.
pub fn series() -> (Model, Bundle) {
    let model = Model::create(
        r#"{"input":{"series":{"target":["y"],"time":"day","calendar":["dayOfWeek"],"window":5,"horizon":2,"difference":1}},
            "layers":[{"kind":"gru","hiddenSize":4},{"kind":"dense"}]}"#,
    );
    let mut data = Bundle::default();
    data.note("kind", "series");
    data.f64("column.y", (0..90).map(|s| f64::from(s % 7) + 0.1 * f64::from(s)).collect());
    data.push("calendar.dayOfWeek", vec![90], Elements::U16((0..90).map(|s| s % 7).collect()));
    (model.expect("right"), data)
}

/// Runs to the end, in slices of `units`; every record on the way, and what `finish` says.
pub fn run_to_end(model: &mut Model, mut session: Session, units: usize) -> (Vec<f64>, String) {
    let mut records = Vec::new();
    loop {
        let status = session.run(model, units).expect("a session that goes on");
        records.extend(session.records());
        match status {
            Status::Running => {}
            Status::Done => break,
            other => panic!("{other:?}"),
        }
    }
    (records, session.finish(model).expect("a run that does not diverge"))
}

pub fn fit(model: &mut Model, data: Bundle, run: &str) -> (Vec<f64>, String) {
    let session = Session::fit(model, data, run, None, None).expect("a right run");
    run_to_end(model, session, 3)
}

/// Gives each session's share of the batch at hand to all others.
pub fn exchange(sessions: &mut [&mut Session]) {
    let shares: Vec<Vec<f32>> = sessions.iter_mut().map(|session| share(session)).collect();
    for (index, session) in sessions.iter_mut().enumerate() {
        for (worker, share) in shares.iter().enumerate().filter(|(worker, _)| *worker != index) {
            assert_eq!(session.share_length(worker), share.len());
            let mut rest = share.as_slice();
            session.take(worker, |piece| {
                let (numbers, after) = rest.split_at(piece.len());
                piece.copy_from_slice(numbers);
                rest = after;
            });
        }
    }
}

fn share(session: &mut Session) -> Vec<f32> {
    let mut share = Vec::new();
    session.give(|piece| share.extend_from_slice(piece));
    share
}

/// The same run on several workers, each with a replica; the records of the first.
pub fn fit_by_team(models: &mut [Model], data: &Bundle, run: &str) -> Vec<f64> {
    let workers = models.len();
    let mut sessions: Vec<Session> = models
        .iter_mut()
        .enumerate()
        .map(|(index, model)| {
            Session::fit(model, data.clone(), run, None, Some(Team { workers, index })).expect("right")
        })
        .collect();
    let mut records = Vec::new();
    'run: loop {
        for (session, model) in sessions.iter_mut().zip(models.iter_mut()) {
            loop {
                match session.run(model, 1).expect("goes on") {
                    Status::NeedsGradients => break,
                    Status::Done => break 'run,
                    Status::Running if workers == 1 => break,
                    Status::Running => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        records.extend(sessions[0].records());
        exchange(&mut sessions.iter_mut().collect::<Vec<_>>());
    }
    records.extend(sessions[0].records());
    for (session, model) in sessions.into_iter().zip(models) {
        session.finish(model).expect("finite");
    }
    records
}

/// So many workers give the bits that one gives: in what is told, and in the weights of the first, which looks at the validation
/// part and has the best ones.
pub fn same_bits_by_teams(make: &dyn Fn() -> Model, data: &Bundle, run: &str, teams: &[usize]) {
    let mut alone = [make()];
    let records = fit_by_team(&mut alone, data, run);
    for &workers in teams {
        let mut team: Vec<Model> = (0..workers).map(|_| make()).collect();
        let again = fit_by_team(&mut team, data, run);
        assert_eq!(bits64(&again), bits64(&records), "{workers} workers");
        assert!(bits(&team[0]) == bits(&alone[0]), "{workers} workers");
    }
}

/// The loss of a model of [`tripler`] on its data.
pub fn loss_of_tripled(model: &Model) -> f64 {
    let figures = evaluate(model, tripled(40, |_| {}), "{}").expect("fits");
    let figures: serde_json::Value = serde_json::from_str(&figures).expect("JSON");
    figures["loss"].as_f64().expect("a number")
}

pub fn floats(bundle: &Bundle, name: &str) -> Vec<f32> {
    match &bundle.find(name).unwrap_or_else(|| panic!("no {name}")).elements {
        Elements::F32(v) => v.clone(),
        other => panic!("{}", other.dtype()),
    }
}

pub fn scalar(bundle: &Bundle, name: &str) -> f64 {
    match &bundle.find(name).expect(name).elements {
        Elements::F64(v) => v[0],
        other => panic!("{}", other.dtype()),
    }
}

/// The bits of all weights.
pub fn bits(model: &Model) -> Vec<u32> {
    let bundle = model.parameters().expect("sized");
    let floats = bundle.tensors.iter().flat_map(|t| match &t.elements {
        Elements::F32(v) => v.clone(),
        other => panic!("{}", other.dtype()),
    });
    floats.map(f32::to_bits).collect()
}

pub fn bits64(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|v| v.to_bits()).collect()
}
