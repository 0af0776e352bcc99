//! Normalising layers against naive, and what batch norms leave for their running statistics.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use naive::difference::relative_error;
use rnn::{
    Activation, At, Capacity, CellKind, DropoutKey, Extent, Form, Input, Layer, Merge, Network, Norm, NormKind,
    Packing, Passed, Recurrent, Running, Values, Want, Workspace,
};

use crate::common::{ALL, Batch, CELLS, assert_bits, head, parameters, recurrent, run, twin};

/// So many that the gradient below a batch norm, whose sum over the rows is 0, is more than rounding.
const LENGTHS: [usize; 16] = [4, 9, 1, 2, 9, 3, 7, 5, 5, 1, 8, 2, 6, 4, 9, 3];

fn norm(kind: NormKind, name: &str) -> Layer {
    Layer::Norm(Norm { kind, epsilon: 1e-3, name: name.into(), trainable: true })
}

fn batch_norm(momentum: f64) -> Layer {
    norm(NormKind::Batch { momentum }, "bn")
}

/// Before, between and after layers; in training and outside it; ragged; at the last step and at every one.
#[test]
fn against_naive() {
    let kinds = [
        NormKind::Layer { bias: true },
        NormKind::Layer { bias: false },
        NormKind::Rms,
        NormKind::Batch { momentum: 0.1 },
    ];
    // Not a linear one: a batch norm takes off whatever a bias below adds, and comparing zeros shows nothing.
    let (activation, name) = (Activation::Tanh, "dense".to_string());
    let dense = Layer::Dense { units: 7, activation, bias: true, weight_norm: false, name, trainable: true };
    for kind in kinds {
        let mut worst = twin::Compared::default();
        for at in [At::Every, At::Last] {
            for training in [None, Some((3, 4))] {
                let mut layer = recurrent(CELLS[0], 5);
                (layer.bidirectional, layer.num_layers) = (true, 2);
                let layers = vec![
                    norm(kind, "first"),
                    Layer::Recurrent(layer),
                    norm(kind, "middle"),
                    dense.clone(),
                    norm(kind, "last"),
                ];
                let network = Network::new(Input::Values { size: 6 }, layers, at).unwrap();
                let batch = Batch::random(&network, &LENGTHS, true, 2);
                let compared = twin::compare(&network, &parameters(&network, 1), &batch, training, |s, _| s);
                assert!(compared.error <= 1e-5, "{kind:?} {at:?} {training:?}: {compared:?}");
                worst.add(compared);
            }
        }
        assert_eq!(worst.zero, 0);
        println!("{kind:?}: worst relative error {:.1e} ({})", worst.error, worst.tensor);
    }
}

/// Between, below and above layers that pass their input on, merge directions and learn their initial states.
#[test]
fn around_inputs_passed_on() {
    let layer = |name: &str, cell, form: Form| {
        let bidirectional = form.merge != Merge::Concat;
        Layer::Recurrent(Recurrent { num_layers: 2, bidirectional, name: name.into(), form, ..recurrent(cell, 6) })
    };
    let added = Form { passed: Passed::Added, merge: Merge::Mean, learned_state: true, ..Form::default() };
    let beside = Form { passed: Passed::Beside, ..Form::default() };
    for at in [At::Every, At::Last] {
        for training in [None, Some((3, 4))] {
            let layers = vec![
                norm(NormKind::Layer { bias: true }, "first"),
                layer("added", CELLS[1], added),
                batch_norm(0.1),
                Layer::Noise { deviation: 0.0 },
                layer("beside", CellKind::MinLstm, beside),
                norm(NormKind::Rms, "last"),
                head(2),
            ];
            let network = Network::new(Input::Values { size: 6 }, layers, at).unwrap();
            let batch = Batch::random(&network, &LENGTHS, false, 2);
            let compared = twin::compare(&network, &parameters(&network, 1), &batch, training, |s, _| s);
            assert!(compared.error <= 1e-5, "{at:?} {training:?}: {compared:?}");
        }
    }
}

/// A row normalised by itself is the same wherever it stands, bit for bit.
#[test]
fn a_row_alone_is_the_row_in_a_batch() {
    for kind in [NormKind::Layer { bias: true }, NormKind::Rms] {
        let network = Network::new(Input::Values { size: 6 }, vec![norm(kind, "n")], At::Every).unwrap();
        let params = parameters(&network, 1);
        let batch = Batch::random(&network, &[7], false, 2);
        let (whole, _) = run(&network, &params, &batch, None, ALL);
        for t in 0..7 {
            let mut alone = Batch::random(&network, &[1], false, 2);
            let crate::common::X::Values(x) = &batch.x else { unreachable!() };
            alone.x = crate::common::X::Values(x[t * 6..][..6].to_vec());
            alone.cotangent.copy_from_slice(&batch.cotangent[t * 6..][..6]);
            let (one, _) = run(&network, &params, &alone, None, ALL);
            assert_bits(one.output(), &whole.output()[t * 6..][..6], "output");
            assert_bits(one.input_gradient(), &whole.input_gradient()[t * 6..][..6], "gradient of the input");
        }
    }
}

/// A workspace that held a larger batch before gives the same bits as one of the right size.
#[test]
fn room_for_more() {
    for kind in [NormKind::Layer { bias: true }, NormKind::Rms, NormKind::Batch { momentum: 0.1 }] {
        let layers = vec![
            norm(kind, "a"),
            Layer::Noise { deviation: 0.1 },
            Layer::Recurrent(recurrent(CELLS[0], 4)),
            Layer::Dropout { rate: 0.3, shared: true },
            norm(kind, "b"),
        ];
        let network = Network::new(Input::Values { size: 3 }, layers, At::Every).unwrap();
        let params = parameters(&network, 1);
        let (large, small) =
            (Batch::random(&network, &[9, 8, 7], false, 2), Batch::random(&network, &[5, 2], false, 3));
        let (right, expected) = run(&network, &params, &small, Some((1, 1)), ALL);
        let mut ws = Workspace::new(&network, large.capacity(), true).unwrap();
        ws.reserve_hidden_values(&network).unwrap();
        let mut grads = vec![0.0; params.len()];
        for batch in [&large, &small] {
            grads.fill(0.0);
            let key = Some(DropoutKey { seed: 1, step: 1, rows: &batch.ids, whole: Extent::default() });
            network.forward(&params, &batch.packing, batch.x.view(), None, key, &mut ws);
            ws.output_gradient().copy_from_slice(&batch.cotangent);
            ws.state_gradients().clone_from(&batch.state_cotangent);
            network.backward(&params, &batch.packing, batch.x.view(), None, key, &mut ws, &mut grads, ALL);
        }
        assert_bits(ws.output(), right.output(), "output");
        assert_bits(&grads, &expected, "gradients");
        assert_bits(ws.input_gradient(), right.input_gradient(), "gradient of the input");
    }
}

/// A mean far above the deviation costs no more than the rounding of the numbers themselves.
#[test]
fn numbers_far_from_zero() {
    for kind in [NormKind::Layer { bias: true }, NormKind::Batch { momentum: 0.1 }] {
        let network = Network::new(Input::Values { size: 8 }, vec![norm(kind, "n")], At::Every).unwrap();
        let params = parameters(&network, 1);
        let mut batch = Batch::random(&network, &[6, 3], false, 2);
        let crate::common::X::Values(x) = &mut batch.x else { unreachable!() };
        x.iter_mut().for_each(|x| *x += 100.0);
        let compared = twin::compare(&network, &params, &batch, Some((1, 1)), |s, _| s);
        // The mean itself is rounded to f32: half of 2⁻¹⁷ at 100, 4e-6 of a deviation of about 1.
        assert!(compared.error <= 2e-5, "{kind:?}: {compared:?}");
    }
}

/// The buffers after an update: PyTorch's formulas, with the unbiased variance; shards combine by their rows.
#[test]
fn running_statistics() {
    let (size, momentum) = (3, 0.3);
    let network = Network::new(Input::Values { size }, vec![batch_norm(momentum)], At::Every).unwrap();
    let table = network.table();
    let names: Vec<_> = table.entries().iter().map(|p| (p.name.as_str(), p.shape.as_slice(), p.trainable)).collect();
    let expected: [(&str, &[usize], bool); 5] = [
        ("bn.weight", &[3], true),
        ("bn.bias", &[3], true),
        ("bn.running_mean", &[3], false),
        ("bn.running_var", &[3], false),
        ("bn.num_batches_tracked", &[], false),
    ];
    assert_eq!(names, expected);
    assert_eq!(table.count(), 6, "buffers are no parameters");
    let mut params = vec![0.0; table.len()];
    rnn::initialise(&network, rnn::Init::Default, 1, &mut params);
    let start = twin::parameters(&network, &params);
    assert_eq!(start["bn.weight"], [1.0; 3]);
    assert_eq!((&start["bn.running_mean"], &start["bn.running_var"]), (&vec![0.0; 3], &vec![1.0; 3]));
    assert_eq!(start["bn.num_batches_tracked"], [0.0]);

    // Two shards, twice.
    let (mut mean, mut variance) = (vec![0.0; 3], vec![1.0; 3]);
    let mut running = Running::new(&network);
    for round in 0..2 {
        let shards = [&[4usize, 2][..], &[1, 5, 3]].map(|lengths| Batch::random(&network, lengths, false, 5 + round));
        let mut total = vec![0.0; params.len()];
        let mut sums = [vec![0.0; 3], vec![0.0; 3]];
        let mut rows = 0.0;
        for batch in &shards {
            let (_, grads) = run(&network, &params, batch, Some((1, round)), Want::default());
            total.iter_mut().zip(&grads).for_each(|(a, b)| *a += b);
            let crate::common::X::Values(x) = &batch.x else { unreachable!() };
            let n = batch.packing.rows as f64;
            rows += n;
            let [means, variances] = &mut sums;
            for (j, (sum_of_means, sum_of_variances)) in means.iter_mut().zip(variances).enumerate() {
                let column: Vec<f64> = x.iter().skip(j).step_by(size).map(|&x| f64::from(x)).collect();
                let mean = column.iter().sum::<f64>() / n;
                *sum_of_means += n * mean;
                *sum_of_variances += n * column.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
            }
        }
        for j in 0..size {
            mean[j] = (1.0 - momentum) * mean[j] + momentum * sums[0][j] / rows;
            variance[j] = (1.0 - momentum) * variance[j] + momentum * sums[1][j] / rows;
        }
        running.take(&mut total);
        let left = twin::parameters(&network, &total);
        assert!(left.iter().all(|(name, g)| !name.contains("running") || g.iter().all(|&g| g == 0.0)), "{left:?}");
        running.apply(&mut params);
    }
    let end = twin::parameters(&network, &params);
    assert!(relative_error(&end["bn.running_mean"], &mean) < 1e-6);
    assert!(relative_error(&end["bn.running_var"], &variance) < 1e-6);
    assert_eq!(end["bn.num_batches_tracked"], [2.0]);
}

/// Statistics that are not finite stay in the gradient, where whoever looks at it finds them.
#[test]
fn statistics_beyond_the_finite() {
    let network = Network::new(Input::Values { size: 2 }, vec![batch_norm(0.5)], At::Every).unwrap();
    let mut params = parameters(&network, 1);
    let mut batch = Batch::random(&network, &[2], false, 3);
    batch.x = crate::common::X::Values(vec![3e38, 1.0, -3e38, 2.0]);
    let (_, mut grads) = run(&network, &params, &batch, Some((1, 1)), Want::default());
    let mut running = Running::new(&network);
    running.take(&mut grads);
    assert!(twin::parameters(&network, &grads)["bn.running_var"].iter().any(|x| x.is_infinite()));
    // A batch of which nothing was seen moves nothing.
    let before = params.clone();
    let mut nothing = vec![0.0; params.len()];
    running.take(&mut nothing);
    running.apply(&mut params);
    assert_bits(&params, &before, "parameters");
}

/// A frozen batch norm goes by its running statistics in training too, and they stand still.
#[test]
fn frozen() {
    let frozen = Norm { kind: NormKind::Batch { momentum: 0.5 }, epsilon: 1e-3, name: "bn".into(), trainable: false };
    let layers = |first| vec![first, Layer::Recurrent(recurrent(CELLS[0], 4))];
    let input = Input::Values { size: 3 };
    let free = Network::new(input, layers(batch_norm(0.5)), At::Every).unwrap();
    let fixed = Network::new(input, layers(Layer::Norm(frozen)), At::Every).unwrap();
    let params = parameters(&free, 1);
    let batch = Batch::random(&free, &LENGTHS, false, 2);
    let (a, grads_a) = run(&free, &params, &batch, None, ALL);
    let (b, grads_b) = run(&fixed, &params, &batch, Some((1, 1)), ALL);
    assert_bits(a.output(), b.output(), "output");
    assert_bits(a.input_gradient(), b.input_gradient(), "gradient of the input");
    let (a, b) = (twin::parameters(&free, &grads_a), twin::parameters(&fixed, &grads_b));
    assert_eq!(a["rnn.weight_ih_l0"], b["rnn.weight_ih_l0"]);
    assert!(b.iter().all(|(name, g)| !name.starts_with("bn") || g.iter().all(|&g| g == 0.0)));
    assert_eq!(fixed.batch_norms().count(), 0);
    assert_eq!(free.batch_norms().collect::<Vec<_>>(), [(0, false)]);
}

/// Gradients added to the parameters themselves are the gradients: the way back reads no parameter that it has moved.
#[test]
fn descending() {
    for kind in [NormKind::Layer { bias: true }, NormKind::Rms, NormKind::Batch { momentum: 0.1 }] {
        let layers = vec![norm(kind, "a"), Layer::Recurrent(recurrent(CELLS[0], 4)), norm(kind, "b"), head(2)];
        let network = Network::new(Input::Values { size: 3 }, layers, At::Every).unwrap();
        let params = parameters(&network, 1);
        let batch = Batch::random(&network, &[5, 2], false, 2);
        let mut apart = params.clone();
        crate::common::run_onto(&network, &params, &batch, None, Want::default(), &mut apart);
        let mut one = params;
        let mut ws = Workspace::new(&network, batch.capacity(), true).unwrap();
        network.forward(&one, &batch.packing, batch.x.view(), None, None, &mut ws);
        ws.output_gradient().copy_from_slice(&batch.cotangent);
        ws.state_gradients().clone_from(&batch.state_cotangent);
        network.descend(&mut one, &batch.packing, batch.x.view(), None, &mut ws);
        assert_bits(&one, &apart, "parameters");
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
#[should_panic(expected = "a batch norm over one sample")]
fn one_sample() {
    let network = Network::new(Input::Values { size: 2 }, vec![batch_norm(0.1)], At::Every).unwrap();
    run(&network, &parameters(&network, 1), &Batch::random(&network, &[1], false, 1), Some((1, 1)), Want::default());
}

/// Outside training one row is no matter, and no memory is kept for the way back.
#[test]
fn outside_training() {
    let network = Network::new(Input::Values { size: 2 }, vec![batch_norm(0.1)], At::Every).unwrap();
    let params = parameters(&network, 1);
    let mut ws = Workspace::new(&network, Capacity { batch: 1, steps: 1, rows: 1 }, false).unwrap();
    network.forward(&params, &Packing::new(&[1]), Values::Values(&[0.5, -1.0]), None, None, &mut ws);
    let natural = twin::parameters(&network, &params);
    let of = |part: &str, j: usize| natural[&format!("bn.{part}")][j];
    for (j, x) in [0.5, -1.0].into_iter().enumerate() {
        let normal = (x - of("running_mean", j)) / (of("running_var", j) + 1e-3).sqrt();
        let expected = normal * of("weight", j) + of("bias", j);
        assert!((f64::from(ws.output()[j]) - expected).abs() < 1e-6);
    }
}
