//! An update allocates nothing: memory is reserved when a run opens, and in its first epoch at the latest; what is large is there once.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../common/mod.rs"]
mod common;
mod unused;

use common::{classified, classifier, run_to_end, series, text, tripled, tripler, writer};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use train::bundle::{Bundle, Elements};
use train::checkpoint;
use train::describe::rows::optimizers::NAMES;
use train::error::ErrorClass;
use train::model::Model;
use train::session::{Session, Status, Team};

/// The system's allocator, which counts what the thread at hand asks of it.
struct Counting;

thread_local! {
    static ASKED: Cell<usize> = const { Cell::new(0) };
    /// Bytes that are held, and the most of them so far.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
    /// Blocks of so many bytes that are still given, where the next one after them is not.
    static GIVEN: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
}

/// Whether this block is the one that cannot be had.
fn refused(size: usize) -> bool {
    match GIVEN.get() {
        Some((bytes, 0)) if bytes == size => true,
        Some((bytes, more)) if bytes == size => {
            GIVEN.set(Some((bytes, more - 1)));
            false
        }
        _ => false,
    }
}

fn hold(more: isize) {
    HELD.set(HELD.get() + more);
    MOST.set(MOST.get().max(HELD.get()));
}

// SAFETY: each call is handed on as it comes, or has no block.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.set(ASKED.get() + 1);
        if refused(layout.size()) {
            return std::ptr::null_mut();
        }
        hold(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        hold(-(layout.size() as isize));
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ASKED.set(ASKED.get() + 1);
        hold(size as isize - layout.size() as isize);
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of thirty units of work, updates and validations, after thirty others.
fn asked(model: &mut Model, data: Bundle, run: &str, team: Option<Team>) -> usize {
    let mut session = Session::fit(model, data, run, None, team).expect("a right run");
    assert_eq!(session.run(model, 30).expect("goes on"), Status::Running);
    drop(session.records());
    let before = ASKED.get();
    assert_eq!(session.run(model, 30).expect("goes on"), Status::Running);
    ASKED.get() - before
}

#[test]
fn the_count_counts() {
    let before = ASKED.get();
    drop(std::hint::black_box(vec![0u8; 100]));
    assert_eq!(ASKED.get() - before, 1);
}

#[test]
fn of_ragged_sequences_with_dropout_and_metrics() {
    // Epochs begin and end in between; the longest sequences come in any batch.
    let run = r#"{"epochs":50,"batchSize":8,"metrics":["accuracy"],"validationSplit":0.2}"#;
    assert_eq!(asked(&mut classifier(), classified(40), run, None), 0);
}

#[test]
fn of_rules_that_end_a_run_and_a_way_back() {
    for more in ["", r#","average":{"kind":"ema"},"optimizer":"nadam","groups":[{"kinds":["bias"]}]"#] {
        let run = format!(
            r#"{{"epochs":50,"batchSize":8,"validationSplit":0.2,"gradientNorm":1e-9,"minDelta":0.1,"patience":60,
            "minImprovement":{{"epochs":60}},"onDivergence":{{"rollBack":{{}}}}{more}}}"#
        );
        assert_eq!(asked(&mut classifier(), classified(40), &run, None), 0, "{more}");
    }
}

#[test]
fn of_truncation() {
    let make = || {
        Model::create(
            r#"{"input":{"size":2},"layers":[{"kind":"lstm","hiddenSize":6},{"kind":"dropout","rate":0.2},{"kind":"dense"}],
                "output":{"at":"last","classes":2}}"#,
        )
        .expect("right")
    };
    for team in [None, Some(Team { workers: 1, index: 0 })] {
        let run =
            r#"{"epochs":50,"batchSize":8,"metrics":["accuracy"],"truncation":{"k1":2,"k2":3},"validationSplit":0.2}"#;
        assert_eq!(asked(&mut make(), classified(40), run, team), 0);
        let run = r#"{"epochs":50,"batchSize":4,"window":20,"carryState":true,"truncation":{"k1":3,"k2":5}}"#;
        assert_eq!(asked(&mut writer(), text(400), run, team), 0);
    }
}

#[test]
fn of_what_acts_at_every_step() {
    let json = r#"{"input":{"size":2},"layers":[{"kind":"lstm","hiddenSize":6,"numLayers":2,"dropout":0.1,"dropoutShared":"time","recurrentDropout":0.2,"variationalDropout":0.1,"zoneout":0.1,"zoneoutCell":0.3},
        {"kind":"gru","hiddenSize":5,"bidirectional":true,"variationalDropout":0.2,"zoneout":0.2},{"kind":"rnn","hiddenSize":4,"variationalDropout":0.1,"vanishingPenalty":1},{"kind":"dense"}],"output":{"at":"last","classes":2}}"#;
    let mut model = Model::create(json).expect("right");
    let run = r#"{"epochs":50,"batchSize":8,"metrics":["accuracy"],"validationSplit":0.2}"#;
    assert_eq!(asked(&mut model, classified(40), run, None), 0);
}

#[test]
fn of_segments() {
    for more in [r#""window":19"#, r#""window":20,"carryState":true,"truncation":{"k1":3,"k2":9}"#] {
        let run = format!(r#"{{"epochs":50,"batchSize":4,"checkpointing":true,"validationSplit":0.2,{more}}}"#);
        assert_eq!(asked(&mut writer(), text(400), &run, None), 0, "{more}");
    }
}

#[test]
fn of_norms_and_noise() {
    let model = Model::create(
        r#"{"input":{"size":2},"layers":[{"kind":"noise","deviation":0.1},{"kind":"batchNorm"},{"kind":"gru","hiddenSize":6,"temporalPenalty":1},
            {"kind":"rmsNorm"},{"kind":"dropout","rate":0.2,"shared":"time"},{"kind":"lstm","hiddenSize":3,"weightDrop":0.2},{"kind":"batchNorm"},{"kind":"layerNorm"},{"kind":"dense"}],
            "output":{"at":"last","classes":2}}"#,
    );
    let run = r#"{"epochs":50,"batchSize":16,"validationSplit":0.2,"patience":50,"orthogonality":0.1,"maxNorm":2}"#;
    let mut model = model.expect("right");
    assert_eq!(asked(&mut model, classified(40), run, None), 0);
    assert_eq!(asked(&mut model, classified(40), run, Some(Team { workers: 1, index: 0 })), 0);
}

#[test]
fn of_weights_made_of_others() {
    let make = || {
        Model::create(
            r#"{"input":{"size":2},"layers":[{"kind":"gru","hiddenSize":6,"weightNorm":true},{"kind":"lstm","hiddenSize":3,"weightDrop":0.2},
                {"kind":"noise","deviation":0.1},{"kind":"layerNorm"},{"kind":"dense","weightNorm":true}],"output":{"at":"last","classes":2}}"#,
        )
        .expect("right")
    };
    for more in ["", r#","checkpointing":{"every":3}"#, r#","truncation":{"k1":2,"k2":3}"#] {
        let run = format!(r#"{{"epochs":50,"batchSize":16,"validationSplit":0.2,"patience":50{more}}}"#);
        assert_eq!(asked(&mut make(), classified(40), &run, None), 0, "{more}");
    }
}

#[test]
fn of_shards() {
    let run = r#"{"epochs":50,"batchSize":16,"penalty":{"l2":0.01},"clip":{"norm":1}}"#;
    assert_eq!(asked(&mut classifier(), classified(40), run, Some(Team { workers: 1, index: 0 })), 0);
}

#[test]
fn of_a_text_in_windows_and_in_streams() {
    for run in [
        r#"{"epochs":50,"batchSize":4,"window":9,"validationSplit":0.2}"#,
        r#"{"epochs":50,"batchSize":4,"window":9,"carryState":true,"validationSplit":0.2}"#,
    ] {
        assert_eq!(asked(&mut writer(), text(400), run, None), 0, "{run}");
    }
}

#[test]
fn of_a_series_with_metrics_in_the_users_units() {
    let (mut model, data) = series();
    let run = r#"{"epochs":50,"batchSize":16,"metrics":["rmse","mape"],"validationSplit":0.2}"#;
    assert_eq!(asked(&mut model, data, run, None), 0);
}

#[test]
fn of_given_states_and_weights() {
    let data = tripled(20, |bundle| {
        bundle.f32("state.0.h", vec![1, 20, 4], vec![0.1; 80]);
        bundle.f32("weight", vec![20], vec![0.5; 20]);
    });
    let run = r#"{"epochs":50,"batchSize":6,"metrics":["mae"]}"#;
    assert_eq!(asked(&mut tripler(r#","scale":"standard""#), data, run, None), 0);
}

#[test]
fn of_every_optimiser() {
    for kind in NAMES.now.iter().filter(|kind| **kind != "lbfgs") {
        let all = if *kind == "rprop" { r#","gradientAccumulation":5"# } else { "" };
        let run = format!(r#"{{"epochs":50,"batchSize":8,"optimizer":"{kind}"{all}}}"#);
        assert_eq!(asked(&mut classifier(), classified(40), &run, None), 0, "{kind}");
    }
}

#[test]
fn of_a_search() {
    for optimizer in [r#""maxIterations":3"#, r#""maxIterations":3,"lineSearch":"strongWolfe","historySize":4"#] {
        let run = format!(r#"{{"epochs":99,"optimizer":{{"kind":"lbfgs",{optimizer}}},"penalty":{{"l2":0.1}}}}"#);
        assert_eq!(asked(&mut writer(), text(400), &run, None), 0, "{optimizer}");
    }
}

/// Most of what it holds are its pairs: those of the run before go before there are new ones, and a resumed run has its own alone.
#[test]
fn a_search_has_room_for_its_pairs_once() {
    let run = r#"{"epochs":3,"optimizer":{"kind":"lbfgs","maxIterations":3,"historySize":800}}"#;
    let mut model = writer();
    let pairs = (800 * 2 * 4 * model.parameter_count()) as f64;
    // The most bytes beside those that were there while a run opens, in rooms for all pairs; then to its end.
    let opened = |model: &mut Model, open: &dyn Fn(&mut Model) -> Session| {
        let before = HELD.get();
        MOST.set(before);
        let session = open(model);
        let most = (MOST.get() - before) as f64 / pairs;
        run_to_end(model, session, 5);
        most
    };
    let fit = |model: &mut Model| Session::fit(model, text(400), run, None, None).expect("right");
    let resume =
        |model: &mut Model| Session::resume(model, text(400), r#"{"epochs":6}"#, None, None).expect("the same data");
    let first = opened(&mut model, &fit);
    assert!(first > 1.0 && first < 1.3, "{first}");
    let again = opened(&mut model, &fit);
    assert!(again < 0.3, "{again}");
    let file = checkpoint::save(&model, None, true).expect("there is room");
    let resumed = opened(&mut model, &resume);
    assert!(resumed < 0.3, "{resumed}");
    let loaded = opened(&mut checkpoint::load(&file).expect("just written"), &resume);
    assert!(loaded > 0.9 && loaded < 1.3, "{loaded}");
}

/// Wherever memory ends while a run opens, the model is as it was: what is tried for each block of the length of the parameters.
#[test]
fn a_run_that_finds_no_room_leaves_the_constants_of_the_scale_as_they_were() {
    let runs = [
        (r#"{"epochs":1,"onDivergence":{"rollBack":{}},"average":{"kind":"ema"},"optimizer":"adam"}"#, 8),
        (r#"{"epochs":1,"optimizer":{"kind":"lbfgs","historySize":5}}"#, 13),
    ];
    for (run, least) in runs {
        let mut model = tripler(r#","scale":"standard""#);
        let bytes = model.body().expect("sizes are known").params.len() * size_of::<f32>();
        let refusals = (0..).take_while(|&given| {
            let data = tripled(20, |_| {});
            GIVEN.set(Some((bytes, given)));
            let opened = Session::fit(&mut model, data, run, None, None);
            GIVEN.set(None);
            let Err(error) = opened else { return false };
            assert_eq!(error.class, ErrorClass::Memory, "{}", error.message);
            assert!(model.encoding.output.is_none(), "{run}: after {given} blocks");
            true
        });
        let refusals = refusals.count();
        assert!(refusals >= least, "{run}: {refusals} refusals");
        assert!(model.encoding.output.is_some());
    }
}

#[test]
fn of_several_batches_an_update() {
    let run = r#"{"epochs":50,"batchSize":4,"gradientAccumulation":3,"metrics":["accuracy"],"validationSplit":0.2}"#;
    for team in [None, Some(Team { workers: 1, index: 0 })] {
        assert_eq!(asked(&mut classifier(), classified(40), run, team), 0);
    }
}

#[test]
fn of_every_way_of_clipping_and_noise() {
    for clip in [r#"{"norm":0.1,"normType":1}"#, r#"{"norm":0.1,"per":"tensor"}"#, r#"{"adaptive":0.01}"#] {
        let run = format!(r#"{{"epochs":50,"batchSize":8,"clip":{clip},"gradientNoise":{{"eta":0.01}}}}"#);
        assert_eq!(asked(&mut classifier(), classified(40), &run, None), 0, "{clip}");
    }
}

#[test]
fn of_nested_schedules_on_a_plateau() {
    let run = r#"{"epochs":50,"batchSize":8,"validationSplit":0.2,"patience":50,"optimizer":{"kind":"sgd","learningRate":
        {"kind":"reduceOnPlateau","patience":0,"factor":0.9,"initial":{"kind":"warmup","steps":40,"to":{"kind":"sequential",
        "milestones":[3,9],"schedules":[0.1,{"kind":"rateTable","rates":[0.1,0.2]},{"kind":"chained","schedules":[0.1,
        {"kind":"exponentialDecay","initial":1,"factor":0.9,"every":7}]}]}}}}}"#;
    assert_eq!(asked(&mut classifier(), classified(40), run, None), 0);
}

#[test]
fn of_quantiles_with_further_metrics() {
    let json = r#"{"input":{"size":1},"layers":[{"kind":"rnn","hiddenSize":4},{"kind":"dense"}],"output":{"at":"last","size":1},
        "loss":{"kind":"quantile","quantiles":[0.1,0.5,0.9]}}"#;
    let run =
        r#"{"epochs":50,"batchSize":6,"metrics":["smape","r2",{"kind":"mase","naiveError":1}],"validationSplit":0.2}"#;
    let mut model = Model::create(json).expect("right");
    assert_eq!(asked(&mut model, tripled(30, |_| {}), run, None), 0);
    let run = run.replace(r#","validationSplit":0.2"#, "");
    assert_eq!(asked(&mut model, tripled(30, |_| {}), &run, None), 0);
    assert_eq!(asked(&mut model, tripled(30, |_| {}), &run, Some(Team { workers: 1, index: 0 })), 0);
}

#[test]
fn of_classes_with_counts_and_of_labels() {
    let run = r#"{"epochs":50,"batchSize":8,"metrics":["f1",{"kind":"topKAccuracy","k":1}]}"#;
    assert_eq!(asked(&mut classifier(), classified(40), run, None), 0);
    let json = r#"{"input":{"size":2},"layers":[{"kind":"gru","hiddenSize":4},{"kind":"dense"}],
        "output":{"at":"every","classes":3},"loss":"ctc"}"#;
    let mut data = classified(40);
    data.take("classes");
    let lengths: Vec<i32> = (0..40).map(|i| i % 3).collect();
    let labels: Vec<i32> = (0..lengths.iter().sum()).map(|i| 1 + i % 2).collect();
    data.push("labels", vec![labels.len()], Elements::I32(labels));
    data.push("labelLengths", vec![40], Elements::I32(lengths));
    let mut model = Model::create(json).expect("right");
    let run = r#"{"epochs":50,"batchSize":8,"metrics":["labelErrorRate"]}"#;
    assert_eq!(asked(&mut model, data, run, None), 0);
}

/// Each of what a recurrent layer may have, on ragged sequences and at every step.
#[test]
fn of_every_form_of_a_layer() {
    for layer in [
        r#""kind":"lstm","peepholes":true,"projSize":3"#,
        r#""kind":"lstm","coupled":true,"skip":true,"initialState":"learned""#,
        r#""kind":"gru","reset":"before","bidirectional":true,"merge":"product","initialState":"learned""#,
        r#""kind":"rnn","residual":true,"numLayers":2"#,
        r#""kind":"minLstm","bidirectional":true"#,
        r#""kind":"minGru","numLayers":2"#,
        r#""kind":"lru","bidirectional":true,"initialState":"learned""#,
        r#""kind":"lstm","projSize":3,"peepholes":true,"normalization":"layer""#,
        r#""kind":"gru","bidirectional":true,"normalization":"rms""#,
        r#""kind":"lstm","numLayers":2,"normalization":{"kind":"batch","maxSteps":4}"#,
        r#""kind":"rnn","normalization":"batch""#,
        r#""kind":"lstm","normalization":"batch","recurrentDropout":0.2,"zoneout":0.1,"zoneoutCell":0.3"#,
        r#""kind":"gru","bidirectional":true,"normalization":"layer","recurrentDropout":0.2,"variationalDropout":0.1,"zoneout":0.1"#,
    ] {
        let description = format!(
            r#"{{"input":{{"size":2}},"layers":[{{"kind":"dense","units":5}},{{{layer},"hiddenSize":5}},{{"kind":"dense"}}],
                "output":{{"at":"last","classes":2}}}}"#
        );
        let mut model = Model::create(&description).expect("right");
        let run = r#"{"epochs":50,"batchSize":8}"#;
        assert_eq!(asked(&mut model, classified(40), run, None), 0, "{layer}");
    }
}
