//! Data that fit a model: sequences with every kind of target, with and without weights and initial states; a text; a table;
//! a source of batches; and validation data apart.

use crate::draw::Draw;
use train::bundle::{Bundle, Elements};
use train::data::form::{Form, Input, Target};
use train::describe::model::{self, Loss, Target as Aim};
use train::model::Model;

#[derive(Clone)]
pub enum Data {
    Whole(Bundle),
    /// One pass of a source.
    Batches(Vec<Bundle>),
}

impl Data {
    /// What a run is opened with.
    pub fn bundle(&self) -> Bundle {
        match self {
            Data::Whole(bundle) => bundle.clone(),
            Data::Batches(_) => note("batches"),
        }
    }

    pub fn kind(&self) -> String {
        let bundle = self.bundle();
        bundle.metadata("kind").expect("noted").into()
    }

    /// The next batch, or the end of the pass.
    pub fn batch(&self, next: &mut usize) -> Bundle {
        let Data::Batches(pass) = self else { panic!("it is there as a whole") };
        *next += 1;
        match pass.get(*next - 1) {
            Some(batch) => batch.clone(),
            None => {
                *next = 0;
                note("end")
            }
        }
    }
}

fn note(kind: &str) -> Bundle {
    let mut bundle = Bundle::default();
    bundle.note("kind", kind);
    bundle
}

/// Data for a run, and validation data.
pub fn data(draw: &mut Draw, model: &Model) -> (Data, Option<Bundle>) {
    let form = &model.body().expect("sized").form;
    let whole = |draw: &mut Draw, few: bool| match (&model.description.input, &model.description.output.target) {
        (model::Input::Series(plan), _) => series(draw, plan),
        (_, Aim::NextToken) if draw.chance(70) => text(draw, form, if few { 12 } else { 60 }),
        _ => {
            let n = if few { 4 } else { 7 + draw.below(7) };
            sequences(draw, form, n, few)
        }
    };
    let series = matches!(model.description.input, model::Input::Series(_));
    let data = if !series && draw.chance(20) {
        // Where states are carried, as many sequences in each.
        let (n, same) = (2 + draw.below(4), draw.chance(70));
        let batch = |_| {
            let n = if same { n } else { 1 + draw.below(5) };
            sequences(draw, form, n, false)
        };
        Data::Batches((0..3).map(batch).collect())
    } else {
        Data::Whole(whole(draw, false))
    };
    let validation = draw.chance(25).then(|| whole(draw, true));
    (data, validation)
}

fn text(draw: &mut Draw, form: &Form, n: usize) -> Bundle {
    let mut bundle = note("text");
    let tokens = (0..n).map(|i| token(draw, form, i) as u8).collect();
    bundle.push("tokens", vec![n], Elements::U8(tokens));
    bundle
}

/// Each occurs, with some order in them.
fn token(draw: &mut Draw, form: &Form, i: usize) -> usize {
    let Input::Tokens(n) = form.input else { panic!("of numbers") };
    if draw.chance(20) { draw.below(n) } else { i % n }
}

fn series(draw: &mut Draw, plan: &model::Series) -> Bundle {
    const ROWS: usize = 30;
    let mut bundle = note("series");
    for name in plan.target.iter().chain(&plan.past).chain(&plan.known) {
        // Above 0, as logarithms want.
        let column = |s: usize| 3.0 + (s % 7) as f64 * 0.5 + f64::from(draw.number());
        bundle.f64(format!("column.{name}"), (0..ROWS).map(column).collect());
    }
    for unit in &plan.calendar {
        let values = (0..ROWS).map(|s| s as u16 % unit.values()).collect();
        bundle.push(format!("calendar.{}", unit.name()), vec![ROWS], Elements::U16(values));
    }
    bundle
}

fn sequences(draw: &mut Draw, form: &Form, n: usize, bare: bool) -> Bundle {
    let mut bundle = note("sequences");
    let alike = draw.chance(30);
    // Two labels take three steps at most.
    let least = if let Target::Labels(_) = form.target { 3 } else { 1 };
    let lengths: Vec<i32> = (0..n).map(|_| if alike { 5 } else { least + draw.below(6) as i32 }).collect();
    let rows = lengths.iter().sum::<i32>() as usize;
    match form.input {
        Input::Values(size) => bundle.f32("x", vec![rows, size], draw.numbers(rows * size)),
        Input::Tokens(_) => {
            let tokens = (0..rows).map(|i| token(draw, form, i) as u8).collect();
            bundle.push("tokens", vec![rows], Elements::U8(tokens));
        }
    }
    bundle.push("lengths", vec![n], Elements::I32(lengths));
    let count = if form.each_step() { rows } else { n };
    targets(draw, form, count, &mut bundle);
    if draw.chance(30) {
        let weights = (0..count).map(|i| [1.0, 0.5, 2.0, 0.0][i % 4]).collect();
        bundle.f32("weight", vec![count], weights);
    }
    if !bare && draw.chance(20) {
        for (k, shape) in form.states.iter().enumerate() {
            for (letter, width) in
                [("h", shape.hidden), ("c", shape.memory)].into_iter().filter(|(_, width)| *width > 0)
            {
                let state = draw.numbers(shape.levels * n * width);
                bundle.f32(format!("state.{k}.{letter}"), vec![shape.levels, n, width], state);
            }
        }
    }
    bundle
}

fn targets(draw: &mut Draw, form: &Form, count: usize, bundle: &mut Bundle) {
    match form.target {
        Target::Values(size) => {
            let number = |x: f32| match form.loss {
                Loss::Binary(_) => f32::from(x > 0.0),
                Loss::Poisson(_) => ((x + 1.0) * 2.0).floor(),
                _ => x,
            };
            let y = draw.numbers(count * size).into_iter().map(number).collect();
            bundle.f32("y", vec![count, size], y);
        }
        Target::Distributions(classes) => {
            let mut y: Vec<f32> = draw.numbers(count * classes).iter().map(|x| x + 1.01).collect();
            for row in y.chunks_exact_mut(classes) {
                let sum: f32 = row.iter().sum();
                row.iter_mut().for_each(|p| *p /= sum);
            }
            bundle.f32("y", vec![count, classes], y);
        }
        Target::Classes(classes) => {
            // Some are masked; the others come in turn, so that a part has them all.
            let class = |i: usize| if draw.chance(10) { -100 } else { (i % classes) as i32 };
            bundle.push("classes", vec![count], Elements::I32((0..count).map(class).collect()));
        }
        Target::Labels(classes) => {
            let Loss::Ctc(ctc) = &form.loss else { panic!("labels of another loss") };
            let label = |i: usize| {
                let label = i % (classes - 1);
                (label + usize::from(label >= ctc.blank)) as i32
            };
            let labels: Vec<i32> = (0..2 * count).map(label).collect();
            bundle.push("labels", vec![2 * count], Elements::I32(labels));
            bundle.push("labelLengths", vec![count], Elements::I32(vec![2; count]));
        }
    }
}
