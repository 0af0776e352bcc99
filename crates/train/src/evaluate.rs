//! Loss and metrics of a part of the data, batch by batch, so that it can be done in slices. NOT: training.

use crate::bundle::Bundle;
use crate::data::batch::Batch;
use crate::data::form::Form;
use crate::data::prepare::{Part, Request, prepare_whole};
use crate::data::text::Cut;
use crate::describe::calls::EvaluateOptions;
use crate::error::Error;
use crate::json::{Map, Value};
use crate::metrics::{Plan, Sums};
use crate::model::Model;
use rnn::losses::ctc::Alignments;
use rnn::{Capacity, Network, States, Workspace, heap_sort};

/// Sequences in a batch of predictions or evaluation.
pub const BATCH: usize = 64;

/// Samples that are looked at together for the longest of them, at least.
const ENOUGH: usize = 64;

/// Steps of a text's window where no run says otherwise.
pub const WINDOW: usize = 128;

pub struct Evaluator {
    workspace: Workspace,
    batch: Batch,
    alignments: Alignments,
    /// The samples of the batch at hand.
    ids: Vec<u32>,
    size: usize,
    cursor: usize,
    sums: Sums,
    /// Of the batch at hand.
    part: Sums,
    plan: Plan,
    /// What the next batch begins from, where there is one to carry on.
    carried: States,
    carries: bool,
}

impl Evaluator {
    /// # Errors
    /// `MemoryError` when the arena does not fit.
    pub fn new(network: &Network, form: &Form, part: &Part, plan: Plan) -> Result<Evaluator, Error> {
        let size = part.streams.unwrap_or(BATCH).min(part.ids.len());
        let room = capacity(part, size);
        let (mut batch, mut alignments) = (Batch::new(form, room)?, Alignments::default());
        batch.reserve_labels(part, size, &mut alignments)?;
        Ok(Evaluator {
            workspace: workspace(network, room, false)?,
            batch,
            alignments,
            ids: Vec::with_capacity(size),
            size,
            cursor: 0,
            sums: Sums::new(&plan),
            part: Sums::new(&plan),
            plan,
            carried: States::default(),
            carries: false,
        })
    }

    /// One batch; `true` when it was the last one, and [`Evaluator::take`] has the result.
    pub fn advance(&mut self, network: &Network, params: &[f32], part: &Part) -> bool {
        let end = (self.cursor + self.size).min(part.ids.len());
        self.ids.clear();
        self.ids.extend((self.cursor..end).map(|i| part.ids.get(i)));
        let (samples, batch) = (&*part.samples, &mut self.batch);
        batch.gather(samples, &self.ids);
        let initial = if self.carries { Some(&self.carried) } else { batch.initial() };
        network.forward(params, &batch.packing, batch.input(), initial, None, &mut self.workspace);
        let output = self.workspace.output();
        let loss = batch.loss(output, 1.0, None, &mut self.alignments);
        self.part.clear();
        self.part.set_loss(loss.sum, loss.weight);
        if self.plan.reads_predictions() {
            batch.measure(samples, output, &self.plan, &mut self.part);
        }
        self.sums.add(&self.part);
        if part.streams.is_some() {
            self.carried.copy_from(self.workspace.final_states());
            self.carries = true;
        }
        self.cursor = end;
        self.cursor == part.ids.len()
    }

    /// The sums over the whole part, whose memory another pass wants back.
    pub fn take(&mut self) -> Sums {
        self.cursor = 0;
        self.carries = false;
        std::mem::take(&mut self.sums)
    }

    /// The next pass starts anew.
    pub fn give_back(&mut self, mut sums: Sums) {
        sums.clear();
        self.sums = sums;
    }
}

/// The most that any batch of `size` of these samples needs.
pub fn capacity(part: &Part, size: usize) -> Capacity {
    let batch = size.min(part.ids.len());
    // The longest so far, not all: a table has a sample for each of its rows.
    let (mut longest, mut least) = (Vec::new(), 0);
    let cut = |longest: &mut Vec<usize>| {
        heap_sort(longest, |a, b| a > b);
        longest.truncate(batch);
    };
    for steps in part.ids.iter().map(|i| part.samples.steps(i as usize)) {
        if longest.len() < batch || steps > least {
            longest.push(steps);
        }
        if longest.len() == 2 * batch.max(ENOUGH) {
            cut(&mut longest);
            least = longest[batch - 1];
        }
    }
    cut(&mut longest);
    // More rows than can be addressed are more than can be had, which the arena says.
    let rows = longest.iter().fold(0usize, |rows, &n| rows.saturating_add(n));
    Capacity { batch, steps: longest.first().copied().unwrap_or(0), rows }
}

/// # Errors
/// `MemoryError` when the arena does not fit.
pub fn workspace(network: &Network, capacity: Capacity, training: bool) -> Result<Workspace, Error> {
    let what = if training { "a training step" } else { "a prediction" };
    let hint = "try a smaller batchSize or window";
    Workspace::new(network, capacity, training).map_err(|e| Error::memory(what, e.bytes).hint(hint))
}

/// `{ loss, …metrics }` of a data bundle, as JSON.
///
/// # Errors
/// For data or options that do not fit the model; `MemoryError`.
pub fn evaluate(model: &Model, data: Bundle, options: &str) -> Result<String, Error> {
    let options = EvaluateOptions::from_json(options)?;
    let metrics = options.metrics.unwrap_or_else(|| model.description.default_metrics());
    model.description.check_metrics(&metrics, "metrics")?;
    let body = model.body()?;
    let part = prepare_whole(&whole(model, &body.form, WINDOW), data, &model.encoding)?;
    if part.ids.is_empty() {
        return Err(Error::data("data", "at least one sample", "none"));
    }
    let plan = model.description.plan(&metrics);
    let mut evaluator = Evaluator::new(&body.network, &body.form, &part, plan.clone())?;
    while !evaluator.advance(&body.network, &body.params, &part) {}
    let sums = evaluator.take();
    let mut figures = Map::new();
    figures.insert("loss".into(), Value::from(sums.mean_loss()));
    for metric in metrics {
        figures.insert(metric.name(), Value::from(plan.figure(&sums, &metric)));
    }
    Ok(Value::Object(figures).to_string())
}

/// A request for data used whole.
pub fn whole<'a>(model: &'a Model, form: &'a Form, window: usize) -> Request<'a> {
    Request { description: &model.description, form, split: None, seed: 0, window, cut: Cut::Windows }
}
