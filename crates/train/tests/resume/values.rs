//! What is drawn for rows of numbers, texts and lists, small enough that a case is trained in milliseconds; every value occurs.
//! A row that is not here is drawn by its kind, if that says enough: yes or no, one of some words, objects.

use serde_json::{Value, json};

/// Items that no case has, or that begin so; each with its reason.
const LEFT_OUT: [&str; 1] = [
    // Open until a caller puts the characters of a text in its place: the kernel only ever runs lists.
    r#"vocabulary.vocabulary="characters""#,
];

pub fn left_out(item: &str) -> bool {
    LEFT_OUT.iter().any(|start| item.starts_with(start))
}

/// Of `object.field`, or of `.field` in any object.
pub fn values(key: &str) -> Vec<Value> {
    let key = key.strip_suffix("[]").unwrap_or(key);
    let field = &key[key.find('.').expect("a row")..];
    let rows = [input(), layers(), losses(), runs(), updates(), schedules()].concat();
    let of = |name: &str| rows.iter().find(|(row, _)| *row == name).map(|(_, values)| values.clone());
    match of(key).or_else(|| of(field)) {
        Some(Value::Array(values)) => values,
        _ => Vec::new(),
    }
}

type Rows = Vec<(&'static str, Value)>;

fn input() -> Rows {
    vec![
        (".seed", json!([0, 7])),
        ("size.size", json!([4, 2])),
        ("vocabulary.vocabulary", json!([5, ["a", "b", "c", "d"]])),
        ("series.target", json!([["a"], ["a", "b"]])),
        ("series.past", json!([["p"]])),
        ("series.known", json!([["k"]])),
        ("series.time", json!(["day"])),
        ("series.window", json!([4])),
        ("series.horizon", json!([1, 3])),
        ("series.difference", json!([0, 1, 3])),
        ("output.size", json!([1, 2, 4])),
        ("classes.classes", json!([2, 3, ["x", "y", "z"]])),
    ]
}

fn layers() -> Rows {
    vec![
        (".hiddenSize", json!([4, 3])),
        (".numLayers", json!([1, 2])),
        (".recurrentScale", json!([0.5])),
        (".dropout", json!([0, 0.25])),
        (".name", json!(["one", "two"])),
        (".forgetBias", json!([0.5])),
        (".projSize", json!([2])),
        (".minRadius", json!([0, 0.3])),
        (".maxRadius", json!([0.9])),
        (".maxPhase", json!([1.5])),
        (".units", json!([4, 3])),
        (".rate", json!([0, 0.3])),
        (".recurrentDropout", json!([0, 0.25])),
        (".variationalDropout", json!([0, 0.25])),
        (".zoneout", json!([0, 0.25])),
        (".zoneoutCell", json!([0, 0.25])),
        (".vanishingPenalty", json!([0, 0.1])),
        (".weightDrop", json!([0, 0.3])),
        (".activationPenalty", json!([0, 0.1])),
        (".temporalPenalty", json!([0, 0.1])),
        (".deviation", json!([0, 0.2])),
        (".maxSteps", json!([3])),
    ]
}

fn losses() -> Rows {
    vec![
        (".delta", json!([0.5])),
        (".beta", json!([0, 0.5])),
        (".quantiles", json!([[0.5], [0.1, 0.5, 0.9]])),
        (".positiveWeight", json!([2, [2], [2, 0.5]])),
        (".classWeights", json!([[1, 0.5], [1, 0.5, 2]])),
        (".ignoreIndex", json!([-100, 1])),
        (".labelSmoothing", json!([0, 0.1])),
        (".blank", json!([0, 1])),
        (".module", json!(["AAEC"])),
        (".k", json!([1, 2])),
        (".naiveError", json!([0.5, [0.5], [0.5, 0.25]])),
    ]
}

/// Rules that end a run have one value that no run reaches here and one that a run does.
fn runs() -> Rows {
    vec![
        ("run.epochs", json!([2, 3, 5])),
        ("run.steps", json!([4, 11])),
        ("run.seconds", json!([1e6])),
        ("loss.loss", json!([-50, 0.6])),
        ("validationLoss.validationLoss", json!([-50, 0.6])),
        ("run.gradientNorm", json!([1e-9, 0.5])),
        ("minImprovement.fraction", json!([0, 0.1])),
        ("minImprovement.epochs", json!([1, 2])),
        ("run.batchSize", json!([2, 3, 5])),
        ("run.gradientAccumulation", json!([1, 2, 3])),
        ("run.window", json!([4, 9])),
        (".k1", json!([1, 2, 3])),
        (".k2", json!([2, 3, 5])),
        ("checkpointing.every", json!([1, 3])),
        ("run.validationSplit", json!([0.25])),
        (".fraction", json!([0, 0.3])),
        ("run.patience", json!([1, 2])),
        (".minDelta", json!([0, 0.02])),
        (".recordEvery", json!([1, 3])),
        ("rollBack.factor", json!([1e-25, 1e-20])),
        (".times", json!([1, 5])),
    ]
}

fn updates() -> Rows {
    vec![
        (".learningRate", json!([0.02, 0.1])),
        ("norm.norm", json!([0.2, 5])),
        (".normType", json!([1, 2])),
        ("value.value", json!([0.05])),
        ("adaptive.adaptive", json!([0.05])),
        (".l1", json!([0, 0.001])),
        (".l2", json!([0, 0.01])),
        ("groups.layers", json!([[0], [1], ["one"], ["two", 0]])),
        (".learningRateFactor", json!([0, 0.5])),
        (".weightDecay", json!([0, 0.05])),
        (".eta", json!([0.01])),
        (".gamma", json!([0, 0.8])),
        (".orthogonality", json!([0, 0.01])),
        (".maxNorm", json!([0.8])),
        ("ema.decay", json!([0.5, 0.9])),
        ("swa.start", json!([0, 3])),
        ("swa.every", json!([1, 2])),
        (".beta1", json!([0, 0.8])),
        (".beta2", json!([0.9])),
        (".epsilon", json!([1e-8, 0.01])),
        (".momentum", json!([0, 0.7])),
        (".dampening", json!([0, 0.3])),
        (".hypergradient", json!([0, 0.001])),
        (".momentumDecay", json!([0.02])),
        (".lambda", json!([0, 0.01])),
        (".alpha", json!([0.8])),
        (".t0", json!([0, 4])),
        (".etaMinus", json!([0.4])),
        (".etaPlus", json!([1.5])),
        (".smallestStep", json!([1e-4])),
        (".largestStep", json!([0.2])),
        (".beta2Decay", json!([-0.5])),
        (".epsilon1", json!([1e-4])),
        (".epsilon2", json!([0.01])),
        ("adafactor.threshold", json!([0.5])),
        (".coefficients", json!([[3, -4, 1.5]])),
        (".newtonSchulzSteps", json!([2])),
        (".adamRate", json!([0, 0.5])),
        (".adamEpsilon", json!([1e-4])),
        ("scheduleFree.warmup", json!([0, 3])),
        (".d0", json!([0.01])),
        (".dCoefficient", json!([2])),
        (".rateDecay", json!([0, 0.1])),
        (".initialAccumulator", json!([0, 0.1])),
        (".rho", json!([0.8])),
        (".maxIterations", json!([1, 4])),
        (".maxEvaluations", json!([1, 9])),
        (".toleranceGradient", json!([0, 0.01])),
        (".toleranceChange", json!([0, 0.001])),
        (".historySize", json!([1, 3])),
    ]
}

/// Those that come to an end within a run of a dozen updates.
fn schedules() -> Rows {
    vec![
        (".initial", json!([0.05])),
        (".final", json!([0, 0.01])),
        (".steps", json!([3, 7])),
        (".every", json!([1, 2])),
        (".factor", json!([0.5])),
        ("multiStepDecay.milestones", json!([[2, 5], [3, 3, 4]])),
        ("sequential.milestones", json!([[], [3], [2, 6]])),
        (".boundaries", json!([[3], [2, 5]])),
        (".rates", json!([[0.1, 0], [0.1, 0.02, 0.05]])),
        ("inverseTimeDecay.decay", json!([0, 0.3])),
        (".power", json!([2])),
        ("noam.size", json!([4])),
        (".warmup", json!([0, 2])),
        ("noam.warmup", json!([3])),
        (".scale", json!([0.5])),
        (".startFactor", json!([0, 0.2])),
        (".endFactor", json!([0.5])),
        (".multiplier", json!([1, 2])),
        (".maximum", json!([0.1])),
        (".risingShare", json!([0.5])),
        (".divisor", json!([10])),
        (".finalDivisor", json!([50])),
        (".baseMomentum", json!([0.5])),
        (".maximumMomentum", json!([0.9])),
        (".base", json!([0.01])),
        (".up", json!([2])),
        (".down", json!([3])),
        (".patience", json!([0, 1])),
        (".threshold", json!([0, 0.05])),
        (".cooldown", json!([0, 1])),
        (".minimum", json!([0, 0.01])),
        (".from", json!([0, 0.3])),
        (".schedules", json!([0.1, 1])),
        (".to", json!([0.05])),
    ]
}
