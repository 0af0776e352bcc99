/**
 * The worker's side of every call: holds the models, runs the kernel, and settles whatever is asked.
 * Bad input is answered and harms nothing. After a trap the instance is not trusted again: the caller is told once,
 * through `lost`, and drops the worker with everything that waits.
 */
import type { ErrorRecord } from "../errors.js";
import type { Finder } from "../kernel/finder.js";
import type { Generator } from "../kernel/generator.js";
import { judge, Refusal, Trap } from "../kernel/guard.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Model } from "../kernel/model.js";
import type { Reader } from "../kernel/reader.js";
import type { Trainer } from "../kernel/trainer.js";
import { Asking } from "./asking.js";
import { draw, find } from "./drawing.js";
import { orFree } from "./handles.js";
import { Learning } from "./learning.js";
import { owned } from "./owned.js";
import { OwnLosses } from "./ownLosses.js";
import type { Answers, Asked, Bytes, Calls, ModelInfo, Placed, RatesFound, Settled } from "./protocol.js";
import { readAll } from "./reading.js";
import { Breather } from "./slices.js";
import { Training } from "./training.js";
import { warm } from "./warming.js";

interface Entry {
  model: Model;
  training?: Training;
  learning?: Learning;
  trainers: Map<number, Trainer>;
  generators: Map<number, Generator>;
  finders: Map<number, Finder>;
  /** Data that come piece by piece, by the caller's number. */
  readers: Map<number, Reader>;
}

export interface HostOptions {
  kernel: Kernel;
  /** Told at most once: the kernel trapped. */
  lost: (record: ErrorRecord) => void;
  /** Told when a loss of the user's own is asked or started, and when it has returned: at each call. */
  asked?: (asked: Asked) => void;
  /** Makes an answer's buffers move instead of being copied: comlink's `transfer`. */
  transfer: <T extends object>(answer: T, buffers: Transferable[]) => T;
  /** Milliseconds. */
  now?: () => number;
}

/** The calls, each settled. */
export function answers({
  kernel,
  lost,
  asked = () => {},
  transfer,
  now = () => performance.now(),
}: HostOptions): Answers {
  const models = new Map<number, Entry>();
  let numbers = 0;
  let calls = 0;
  let end: ErrorRecord | undefined;
  const dead = () => end !== undefined;
  const breather = new Breather(dead);
  const losses = new OwnLosses(new Asking(asked, now));

  const failed = (thrown: unknown): Settled<never> => {
    const failure = losses.failure();
    let verdict = judge(thrown);
    // What the kernel says of a loss that failed is only that it was no number.
    if (failure && !(verdict instanceof Trap)) verdict = failure;
    if (verdict instanceof Trap && !end) {
      end = verdict.record;
      lost(end);
    }
    return { ok: false, error: end ?? verdict.record };
  };
  const settle = (call: () => unknown): Settled<unknown> => {
    calls++;
    if (end) return { ok: false, error: end };
    try {
      const result = call();
      losses.check();
      if (!(result instanceof Uint8Array)) return { ok: true, value: result };
      const value = owned(result);
      return transfer({ ok: true, value }, [value.buffer]);
    } catch (thrown) {
      return failed(thrown);
    }
  };

  const add = (id: number, model: Model): ModelInfo => {
    orFree(model, () => losses.give(model));
    models.set(id, { model, trainers: new Map(), generators: new Map(), finders: new Map(), readers: new Map() });
    return info(model);
  };
  const entry = (id: number) => found(models, id);
  /** The model's entry if nobody else owns its weights just now. */
  const idle = (id: number, what: string): Entry => {
    const { training, learning } = entry(id);
    if (training) throw busy(`${what}: a run is going on; await it or stop it first`);
    if (learning) throw busy(`${what}: an online learner is open; dispose of it first`);
    return entry(id);
  };
  const trainer = (id: number, number: number) => found(idle(id, "trainer").trainers, number);

  /** Hands the data over: whoever gets the reader, uses it up. */
  const taken = (id: number, data: Placed): Reader => {
    if (typeof data !== "number") return readAll(kernel, data);
    const { readers } = entry(id);
    const reader = found(readers, data);
    readers.delete(data);
    return reader;
  };
  /** Once, after a model was made anew: that one will be trained. One from a file may only be asked for predictions. */
  let warmUp = (description: string) => {
    warmUp = () => {};
    const before = calls;
    void warm({ kernel, description, breather, now, over: () => calls !== before }).catch(failed);
  };

  const answered: Calls = {
    create: (id, description) => {
      const made = add(id, kernel.Model.create(description));
      warmUp(description);
      return made;
    },
    load: (id, file) => add(id, kernel.Model.load(file)),
    dispose: (id) => {
      const own = models.get(id);
      if (!own) return; // it could not be made
      models.delete(id);
      own.training?.dispose();
      own.learning?.dispose();
      const { trainers, generators, finders, readers, model } = own;
      for (const handles of [trainers, generators, finders, readers]) for (const [, handle] of handles) handle.free();
      model.free();
    },
    feed: (id, data, length, buffer, count) => {
      const { readers } = entry(id);
      const reader = readers.get(data) ?? new kernel.Reader(length);
      readers.set(data, reader);
      reader.feed(buffer.subarray(0, count));
      return buffer;
    },
    forget: (id, data) => {
      const { readers } = entry(id);
      readers.get(data)?.free();
      readers.delete(data);
    },
    parameters: (id) => entry(id).model.parameters() as Bytes,
    setParameters: (id, bundle, strict) => idle(id, "setParameters").model.setParameters(bundle, strict),
    save: (id, training) => {
      const { model, training: run } = entry(id);
      return (run && training ? run.save() : model.save(training)) as Bytes;
    },
    predict: (id, bundle, options) => entry(id).model.predict(bundle, options) as Bytes,
    evaluate: (id, data, options) => JSON.parse(entry(id).model.evaluate(taken(id, data), options)),
    gradients: (id, bundle, options) => entry(id).model.gradients(bundle, options) as Bytes,
    forecast: (id, bundle, options) => entry(id).model.forecast(bundle, options) as Bytes,
    run: (id, request, port, peers) => {
      const own = idle(id, request.resume ? "resume" : "fit");
      const { run, parallel, shared = false, complete } = request;
      const completed = complete ? kernel.Model.create(complete) : undefined;
      const model = completed ?? own.model;
      const training = orFree(completed, () => {
        if (completed) losses.give(completed);
        const open = request.resume ? kernel.Session.resume : kernel.Session.fit;
        const data = taken(id, request.data);
        const validation = orFree(data, () =>
          request.validation === undefined ? undefined : taken(id, request.validation),
        );
        const session = open(model, data, run, validation, parallel ? JSON.stringify(parallel) : "");
        try {
          return new Training({
            session,
            port,
            peers,
            index: parallel?.index ?? 0,
            shared,
            checkpointEvery: request.checkpointEvery,
            model: () => info(model),
            breather,
            failed,
            check: () => losses.check(),
            dead,
            now,
          });
        } catch (thrown) {
          // A saved run is the session's by now: only its end gives it back.
          if (request.resume) session.finish();
          else session.free();
          throw thrown;
        }
      });
      // Only now: a run that does not open leaves the vocabulary open too.
      if (completed) {
        own.model.free();
        own.model = completed;
      }
      own.training = training;
      // Not awaited: this call only opens the run, and `run` never rejects.
      void training.run(() => delete own.training);
      return info(model);
    },
    openTrainer: (id, run) => {
      const { model, trainers } = idle(id, "trainer");
      trainers.set(++numbers, kernel.Trainer.open(model, run));
      return numbers;
    },
    trainerStep: (id, number, bundle) => trainer(id, number).step(bundle) as Bytes,
    trainerApply: (id, number, gradients) => trainer(id, number).apply(gradients),
    openLearner: (id, options, port) => {
      const own = idle(id, "online");
      const learner = kernel.Learner.open(own.model, options);
      own.learning = new Learning({ learner, port, breather, failed, dead, closed: () => delete own.learning, now });
    },
    openGenerator: (id, options, prompt) => {
      const { model, generators } = entry(id);
      generators.set(++numbers, kernel.Generator.open(model, options, prompt));
      return numbers;
    },
    generate: (id, number) => draw(found(entry(id).generators, number), now),
    closeGenerator: (id, number) => {
      const { generators } = entry(id);
      const generator = found(generators, number);
      generators.delete(number);
      const state = generator.state();
      generator.free();
      return state as Bytes;
    },
    openFinder: (id, { run, range, data, complete }) => {
      const { model, finders } = idle(id, "findLearningRate");
      const completed = complete ? kernel.Model.create(complete) : undefined;
      try {
        if (completed) losses.give(completed);
        finders.set(++numbers, kernel.Finder.open(completed ?? model, taken(id, data), range, run));
      } finally {
        completed?.free(); // a copy of it is what is trained
      }
      return numbers;
    },
    find: (id, number) => find(found(entry(id).finders, number), now),
    closeFinder: (id, number, wanted) => {
      const { finders } = entry(id);
      const finder = found(finders, number);
      finders.delete(number);
      if (wanted) return JSON.parse(finder.finish()) as RatesFound;
      finder.free();
      return undefined;
    },
  };
  type Call = (...a: unknown[]) => unknown;
  const settled = Object.entries(answered).map(([name, call]) => [
    name,
    (...a: unknown[]) => settle(() => (call as Call)(...a)),
  ]);
  return Object.fromEntries(settled);
}

function busy(message: string): Refusal {
  return new Refusal({ class: "BusyError", code: "busy", message });
}

function info(model: Model): ModelInfo {
  return { description: model.description(), parameterCount: model.parameterCount(), summary: model.summary() };
}

function found<T>(map: ReadonlyMap<number, T>, number: number): T {
  const entry = map.get(number);
  if (entry !== undefined) return entry;
  // No trap, of which all models in this worker would die.
  const message = `nothing is open under the number ${number}`;
  throw new Refusal({ class: "DisposedError", code: "disposed", message });
}
