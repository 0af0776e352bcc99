/** The range test of learning rates: a short run on a copy of the model, in slices of time, that tells at which rates it learns. */
import type { Data } from "../data/values.js";
import type { Placed } from "../worker/protocol.js";
import { checkSignal, hinted } from "./controls.js";
import type { Core } from "./core.js";
import { given, prepareRun } from "./encode.js";
import { split, toJson } from "./options.js";
import { patiently } from "./patience.js";
import type { FindOptions, RatesFound } from "./types.js";
import { upload } from "./upload.js";

/** What the test says itself; the rest is a run's. */
const RANGE = ["from", "to", "steps", "smoothing", "limit"] as const;

export async function findLearningRate(core: Core, data: Data, options: FindOptions | undefined): Promise<RatesFound> {
  const [{ signal, ...range }, run] = split<FindOptions, (typeof RANGE)[number] | "signal">(options, [
    ...RANGE,
    "signal",
  ]);
  checkSignal(signal);
  return patiently(core, signal, async () => {
    if (core.opening) await core.opening;
    signal?.throwIfAborted();
    const free = core.occupy("findLearningRate");
    try {
      return await find(core, given(data), { range: toJson(range), run, signal });
    } catch (error) {
      throw hinted(error);
    } finally {
      free();
    }
  });
}

interface Test {
  range: string;
  run: object;
  signal: AbortSignal | undefined;
}

async function find(core: Core, data: Data, { range, run, signal }: Test): Promise<RatesFound> {
  const json = toJson(run);
  const prepared = await prepareRun({ core, data, validationData: undefined, run: {}, json, resume: false });
  signal?.throwIfAborted();
  const { complete } = prepared.request;
  const send = ([data]: Placed[], buffers: ArrayBuffer[]) =>
    core.call("openFinder", [{ run: json, range, data: data!, ...(complete && { complete }) }], buffers);
  let number: number | undefined;
  try {
    number = await upload(core.connection, prepared.payloads, send, signal);
    do signal?.throwIfAborted();
    while (!(await core.call("find", [number])));
    signal?.throwIfAborted();
  } catch (error) {
    // Freed in the worker; if that is gone, so is the finder.
    if (number !== undefined) await core.call("closeFinder", [number, false]).catch(() => {});
    throw error;
  }
  const { rates, losses, smoothed, suggestion } = (await core.call("closeFinder", [number, true]))!;
  const found = {
    rates: Float64Array.from(rates),
    losses: Float64Array.from(losses),
    smoothed: Float64Array.from(smoothed),
  };
  return { ...found, ...(suggestion !== null && { suggestion }) };
}
