/** What crates/train/tests/golden.rs trains, by the package: in Node and in a page. One seed, the same bits everywhere. */
import { createModel, dense, gru, type Layer, lstm, rnn } from "retrograd";

/** The digest of trained weights that native scalar and wasm SIMD code have. */
export const GOLDEN = "ec93aa473e57f47a";

const lengths = Array.from({ length: 20 }, (_, i) => 4 + ((i * 5) % 7));
const y = lengths.map((_, i) => (i * i) % 3);

function sequences(): number[][][] {
  let at = 0;
  const next = () => (((at++ * 7919) % 1000) - 500) / 256;
  return lengths.map((steps) => Array.from({ length: steps }, () => [next(), next(), next()]));
}

/** FNV-1a over the bytes of 32-bit floats, little-endian. */
function fnv(hash: bigint, values: Float32Array): bigint {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return bytes.reduce((h, byte) => BigInt.asUintN(64, (h ^ BigInt(byte)) * 0x100000001b3n), hash);
}

export async function main(): Promise<string> {
  const cells: Layer[] = [
    lstm({ hiddenSize: 9, bidirectional: true, numLayers: 2, dropout: 0.25 }),
    gru({ hiddenSize: 9 }),
    gru({ hiddenSize: 9, reset: "before" }),
    rnn({ hiddenSize: 9, activation: "relu" }),
  ];
  let hash = 0xcbf29ce484222325n;
  for (const cell of cells) {
    const model = await createModel({
      input: { size: 3, scale: "standard" },
      layers: [cell, dense()],
      output: { at: "last", classes: 3 },
      seed: 11,
    });
    try {
      await model.fit(
        { x: sequences(), y },
        { epochs: 3, batchSize: 6, penalty: { l1: 1e-4, l2: 1e-3 }, clip: { norm: 0.5 } },
      );
      for (const tensor of Object.values(await model.parameters())) hash = fnv(hash, tensor.data);
    } finally {
      await model.dispose();
    }
  }
  return hash.toString(16).padStart(16, "0");
}
