//! A batch norm needs more than one sample: its variance over one is 0, and what it gives would not depend on its input. What
//! would come to that is refused before training.

use crate::data::prepare::Part;
use crate::error::Error;
use rnn::Network;

/// Checks batches of `sizes` sequences out of `part`, each cut into `shards`.
///
/// # Errors
/// `ConfigError` about `batchSize` where a shard would have one row alone.
pub fn check(network: &Network, part: &Part, sizes: &[usize], shards: usize) -> Result<(), Error> {
    for (layer, per_sequence) in network.batch_norms() {
        // Fewer than two for each: some shard has one. (One without any is left out.)
        let small = sizes.iter().find(|&&size| size > 0 && size < 2 * shards);
        let short = || part.ids.iter().any(|i| part.samples.steps(i as usize) == 1);
        if let Some(size) = small.filter(|_| per_sequence || short()) {
            let cut = if shards > 1 { format!(", two for each of {shards} shards") } else { String::new() };
            let expected =
                format!("at least {} sequences in every batch{cut}, for the batch norm layers[{layer}]", 2 * shards);
            let hint = "the last batch of an epoch is what is left over: choose a batchSize that leaves more or nothing, or use layerNorm";
            return Err(Error::config("batchSize", expected, format!("a batch of {size}"))
                .code("oneSample")
                .hint(hint));
        }
    }
    Ok(())
}
