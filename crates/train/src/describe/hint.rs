//! What somebody may have meant: names in another spelling, names of other libraries, slips of the keyboard.

/// Options of Keras, PyTorch, scikit-learn and common speech, folded (see [`fold`]), and what they are called here. Where a
/// name has several meanings, the one that is an option of the object at hand is taken; a target with a dot or a space
/// stands elsewhere and is taken anywhere.
#[rustfmt::skip]
const FOREIGN_OPTIONS: &[(&str, &str)] = &[
    ("lr", "learningRate"), ("eta", "learningRate"), ("stepsize", "learningRate"), ("stepsize", "every"), ("lr", "initial"),
    ("learningrate", "initial"), ("learningrate", "optimizer.learningRate"), ("lr", "optimizer.learningRate"),
    ("gamma", "factor"), ("decayrate", "factor"), ("tmax", "steps"), ("etamin", "final"), ("minlr", "final"), ("warmupsteps", "warmup"),
    ("t0", "steps"), ("tmult", "multiplier"), ("totaliters", "steps"), ("totalsteps", "steps"), ("warmupsteps", "steps"), ("decaysteps", "every"),
    ("decaysteps", "steps"), ("maxlr", "maximum"), ("peak", "maximum"), ("baselr", "base"), ("minlr", "minimum"), ("pctstart", "risingShare"),
    ("annealstrategy", "annealing"), ("divfactor", "divisor"), ("finaldivfactor", "finalDivisor"), ("stepsizeup", "up"), ("stepsizedown", "down"),
    ("maxmomentum", "maximumMomentum"), ("minmomentum", "baseMomentum"), ("threephase", "threePhases"), ("lrlambda", "rates"), ("values", "rates"),
    ("schedulers", "schedules"), ("dmodel", "size"), ("mindelta", "threshold"), ("monitor", "metric"),
    ("betas", "beta1 and beta2"), ("b1", "beta1"), ("b2", "beta2"), ("eps", "epsilon"), ("rho", "alpha"), ("decay", "alpha"),
    ("etas", "etaMinus and etaPlus"), ("stepsizes", "smallestStep and largestStep"), ("lrdecay", "rateDecay"), ("lambd", "lambda"),
    ("initialaccumulatorvalue", "initialAccumulator"),
    ("weightdecay", "penalty.l2"), ("weightdecay", "l2"), ("l2", "penalty.l2"), ("l1", "penalty.l1"), ("regularization", "penalty"),
    ("units", "hiddenSize"), ("hidden", "hiddenSize"), ("hiddenunits", "hiddenSize"), ("numunits", "hiddenSize"), ("cells", "hiddenSize"),
    ("neurons", "hiddenSize"), ("neurons", "units"), ("hiddensize", "units"), ("outfeatures", "units"), ("outputsize", "units"),
    ("outputdim", "units"), ("embeddingdim", "units"), ("size", "units"), ("size", "hiddenSize"), ("dim", "units"), ("dim", "size"), ("features", "size"),
    ("layers", "numLayers"), ("depth", "numLayers"), ("dropoutrate", "dropout"), ("dropoutrate", "rate"), ("rate", "dropout"), ("p", "rate"),
    ("dropout", "rate"), ("usebias", "bias"), ("unitforgetbias", "forgetBias"), ("resetafter", "reset"), ("nonlinearity", "activation"),
    ("returnsequences", "output.at"), ("inputsize", "input.size"), ("inputshape", "input.size"), ("inputdim", "input.size"),
    ("infeatures", "input.size"), ("numembeddings", "input.vocabulary"), ("vocab", "vocabulary"), ("vocabsize", "vocabulary"),
    ("labels", "classes"), ("numclasses", "classes"), ("normalize", "scale"), ("scaler", "scale"), ("initializer", "init"),
    ("batch", "batchSize"), ("minibatch", "batchSize"), ("iterations", "steps"), ("maxiter", "epochs"), ("maxiter", "maxIterations"), ("maxeval", "maxEvaluations"), ("optim", "optimizer"),
    ("solver", "optimizer"), ("clipnorm", "clip"), ("clipvalue", "clip"), ("gradclip", "clip"), ("maxgradnorm", "clip"), ("maxnorm", "norm"),
    ("earlystopping", "patience"), ("validation", "validationSplit"), ("valsplit", "validationSplit"), ("testsize", "validationSplit"),
    ("randomstate", "seed"), ("randomseed", "seed"), ("stateful", "carryState"), ("seqlen", "window"), ("sequencelength", "window"),
    ("bptt", "window"), ("lookback", "window"), ("lookahead", "horizon"), ("steps", "horizon"), ("covariates", "known"), ("exogenous", "known"),
    ("features", "past"), ("date", "time"), ("timestamp", "time"), ("maxlength", "length"), ("maxtokens", "length"), ("k", "topK"),
    ("weight", "classWeights"), ("weights", "classWeights"), ("posweight", "positiveWeight"), ("smoothing", "labelSmoothing"),
    ("accumulate", "gradientAccumulation"), ("accumulategradbatches", "gradientAccumulation"), ("gradientaccumulationsteps", "gradientAccumulation"),
    ("zoneouthidden", "zoneout"), ("zoneouth", "zoneout"), ("zoneoutc", "zoneoutCell"), ("cellzoneout", "zoneoutCell"),
    ("taus", "quantiles"), ("tau", "quantiles"), ("quantile", "quantiles"),
    ("std", "deviation"), ("stddev", "deviation"), ("sigma", "deviation"), ("noiseshape", "shared"), ("variational", "shared"),
    ("recurrentdropout", "variationalDropout"), ("variational", "variationalDropout"), ("statedropout", "variationalDropout"), ("shared", "dropoutShared"), ("lockeddropout", "dropoutShared"),
];

/// The same for words: kinds of layers and optimisers, losses, activations.
#[rustfmt::skip]
const FOREIGN_WORDS: &[(&str, &str)] = &[
    ("simplernn", "rnn"), ("elman", "rnn"), ("vanilla", "rnn"), ("linear", "dense"), ("fc", "dense"), ("output", "dense"),
    ("momentum", "sgd"), ("gradientdescent", "sgd"),
    ("steplr", "stepDecay"), ("multisteplr", "multiStepDecay"), ("exponentiallr", "exponentialDecay"), ("polynomiallr", "polynomialDecay"),
    ("linearlr", "linearRamp"), ("constantlr", "constantFactor"), ("cosine", "cosineDecay"), ("cosineannealinglr", "cosineAnnealing"),
    ("cosineannealingwarmrestarts", "cosineWarmRestarts"), ("cosinedecayrestarts", "cosineWarmRestarts"), ("sgdr", "cosineWarmRestarts"), ("onecyclelr", "oneCycle"),
    ("cycliclr", "cyclic"), ("clr", "cyclic"), ("reducelronplateau", "reduceOnPlateau"), ("plateau", "reduceOnPlateau"), ("sequentiallr", "sequential"),
    ("chainedscheduler", "chained"), ("lambdalr", "rateTable"), ("multiplicativelr", "rateTable"), ("piecewiseconstantdecay", "piecewiseConstant"),
    ("meansquarederror", "mse"), ("categoricalcrossentropy", "crossEntropy"), ("sparsecategoricalcrossentropy", "crossEntropy"),
    ("nll", "crossEntropy"), ("ce", "crossEntropy"), ("l1", "mae"), ("l1loss", "mae"), ("meanabsoluteerror", "mae"), ("mseloss", "mse"),
    ("bce", "binaryCrossEntropy"), ("bcewithlogits", "binaryCrossEntropy"), ("pinball", "{ kind: quantile }"), ("kldiv", "klDivergence"), ("kl", "klDivergence"),
    ("poisson", "poissonNll"), ("gaussian", "gaussianNll"), ("ctcloss", "ctc"), ("wer", "labelErrorRate"), ("cer", "labelErrorRate"), ("top5", "{ kind: topKAccuracy, k: 5 }"), ("zscore", "standard"), ("standardize", "standard"), ("normalize", "minMax"),
    ("torch", "pytorch"), ("xavier", "glorotUniform"), ("glorot", "glorotUniform"), ("eye", "identity"), ("chars", "characters"),
    ("all", "every"), ("all", "full"), ("inf", "infinity"), ("sequence", "every"), ("final", "last"), ("acc", "accuracy"), ("bpc", "bitsPerCharacter"),
    ("bptt", "tbptt"), ("none", "linear"), ("identity", "linear"), ("softmax", "linear (the loss has its own softmax)"),
    ("sigmoid", "linear (binaryCrossEntropy has its own sigmoid)"),
    ("layernormalization", "layerNorm"), ("rmsnormalization", "rmsNorm"), ("batchnormalization", "batchNorm"), ("batchnorm1d", "batchNorm"),
    ("gaussiannoise", "noise"), ("variationaldropout", "dropout"), ("spatialdropout1d", "dropout"), ("lockeddropout", "dropout"),
];

/// What acts on recurrent weights.
const OF_RECURRENT_WEIGHTS: [&str; 5] =
    ["recurrentInit", "recurrentScale", "weightDrop", "variationalDropout", "vanishingPenalty"];

/// The option that was meant by `given`, if any of `known` or of other places looks like it.
pub fn option(given: &str, known: &[&'static str]) -> Option<&'static str> {
    // Keras' own spelling: what has the same name here is another thing.
    let keras = (given == "recurrent_dropout").then_some("variationalDropout").filter(|meant| known.contains(meant));
    keras.or_else(|| nearest(given, known, FOREIGN_OPTIONS))
}

/// Why a layer with the options `known` cannot have this one, which others have.
pub fn reason(given: &str, known: &[&'static str]) -> Option<&'static str> {
    let without = known.contains(&"hiddenSize") && !known.contains(&"recurrentInit");
    (without && OF_RECURRENT_WEIGHTS.contains(&given)).then_some("the layer has no recurrent weights")
}

/// The word that was meant by `given`.
pub fn word(given: &str, known: &[&'static str]) -> Option<&'static str> {
    nearest(given, known, FOREIGN_WORDS)
}

fn nearest(given: &str, known: &[&'static str], foreign: &[(&str, &'static str)]) -> Option<&'static str> {
    let given = fold(given);
    let same = known.iter().copied().find(|k| fold(k) == given);
    let translated = |anywhere: bool| {
        let mut targets = foreign.iter().filter(|(name, _)| *name == given).map(|(_, target)| *target);
        // One with a reason has to be known by its word.
        let begins =
            |t: &str, word: &str| t.as_bytes().strip_prefix(word.as_bytes()).is_some_and(|t| t.starts_with(b" ("));
        let fits = |t: &str| !t.ends_with(')') || known.iter().any(|word| begins(t, word));
        targets.find(|t| if anywhere { t.contains(['.', ' ']) && fits(t) } else { known.contains(t) })
    };
    let close = || {
        let near = known.iter().map(|k| (distance(&given, &fold(k)), *k));
        near.filter(|(d, _)| *d <= given.len() / 3).min_by_key(|(d, _)| *d).map(|(_, k)| k)
    };
    same.or_else(|| translated(false)).or_else(|| translated(true)).or_else(close)
}

/// Lower case without marks: `hidden_size`, `HiddenSize` and `hiddenSize` are one.
fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

/// Edit distance, in bytes: insertions, deletions, changes and swaps of neighbours (Damerau 1964, without further edits of
/// what was swapped).
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let width = b.len() + 1;
    let mut d = vec![0; (a.len() + 1) * width];
    for i in 0..=a.len() {
        for j in 0..width {
            d[i * width + j] = match (i, j) {
                (0, n) | (n, 0) => n,
                _ => {
                    let changed = d[(i - 1) * width + j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let best = changed.min(d[(i - 1) * width + j] + 1).min(d[i * width + j - 1] + 1);
                    let swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                    if swap { best.min(d[(i - 2) * width + j - 2] + 1) } else { best }
                }
            };
        }
    }
    d[d.len() - 1]
}
