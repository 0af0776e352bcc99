/**
 * The worker's side of every call: holds the models, runs the kernel, and settles whatever is asked.
 * Bad input is answered and harms nothing. After a trap the instance is not trusted again: the caller is told once,
 * through `lost`, and drops the worker with everything that waits.
 */
import { BusyError, ConfigError, type ErrorRecord, toRecord } from "../errors.js";
import { Generator } from "../kernel/generator.js";
import { Trap } from "../kernel/guard.js";
import { Learner } from "../kernel/learner.js";
import { Model } from "../kernel/model.js";
import type { RawKernel } from "../kernel/raw.js";
import { Session } from "../kernel/session.js";
import { Trainer } from "../kernel/trainer.js";
import { draw } from "./drawing.js";
import { serve } from "./learning.js";
import type { Answers, Bytes, ModelInfo, Settled } from "./protocol.js";
import { owned, Training } from "./training.js";

interface Entry {
  model: Model;
  training?: Training;
  learner?: Learner;
  trainers: Map<number, Trainer>;
  generators: Map<number, Generator>;
}

export interface HostOptions {
  kernel: RawKernel;
  /** Told at most once: the kernel trapped. */
  lost: (record: ErrorRecord) => void;
  /** Makes an answer's buffers move instead of being copied: comlink's `transfer`. */
  transfer: <T extends object>(answer: T, buffers: Transferable[]) => T;
  /** Milliseconds. */
  now?: () => number;
}

export class Host implements Answers {
  readonly #o: HostOptions;
  readonly #now: () => number;
  readonly #models = new Map<number, Entry>();
  #numbers = 0;
  #lost: ErrorRecord | undefined;

  constructor(options: HostOptions) {
    this.#o = options;
    this.#now = options.now ?? (() => performance.now());
  }

  create(description: string) {
    return this.#settle(() => this.#add(Model.create(this.#o.kernel, description)));
  }

  load(file: Bytes) {
    return this.#settle(() => this.#add(Model.load(this.#o.kernel, file)));
  }

  complete(id: number, description: string) {
    return this.#settle(() => {
      const { model } = this.#idle(id, "complete");
      model.complete(description);
      return info(model);
    });
  }

  parameters(id: number) {
    return this.#bytes(() => this.#model(id).parameters());
  }

  setParameters(id: number, bundle: Bytes, strict: boolean) {
    return this.#settle(() => this.#idle(id, "setParameters").model.setParameters(bundle, strict));
  }

  save(id: number, training: boolean) {
    return this.#bytes(() => {
      const entry = this.#entry(id);
      return entry.training && training ? entry.training.save() : entry.model.save(training);
    });
  }

  predict(...[id, bundle, options]: Parameters<Answers["predict"]>) {
    return this.#bytes(() => this.#model(id).predict(bundle, options));
  }

  evaluate(...[id, bundle, options]: Parameters<Answers["evaluate"]>) {
    return this.#settle(() => this.#model(id).evaluate(bundle, options));
  }

  gradients(...[id, bundle, options]: Parameters<Answers["gradients"]>) {
    return this.#bytes(() => this.#model(id).gradients(bundle, options));
  }

  forecast(...[id, bundle, options]: Parameters<Answers["forecast"]>) {
    return this.#bytes(() => this.#model(id).forecast(bundle, options));
  }

  run(...[id, request, port, peers]: Parameters<Answers["run"]>) {
    return this.#settle(() => {
      const entry = this.#idle(id, request.resume ? "resume" : "fit");
      const open = request.resume ? Session.resume : Session.fit;
      const training = new Training({
        session: open(this.#o.kernel, entry.model, request),
        port,
        peers,
        follows: (request.parallel?.index ?? 0) > 0,
        model: () => info(entry.model),
        failed: (thrown) => this.#failed(thrown),
        now: this.#now,
        ...(request.checkpointEvery !== undefined && { checkpointEvery: request.checkpointEvery }),
      });
      entry.training = training;
      // Not awaited: this call only opens the run, and `run` never rejects.
      void training.run(() => delete entry.training);
    });
  }

  openTrainer(id: number, run: string) {
    return this.#settle(() => {
      const { model, trainers } = this.#idle(id, "trainer");
      const number = ++this.#numbers;
      trainers.set(number, Trainer.open(this.#o.kernel, model, run));
      return number;
    });
  }

  trainerStep(id: number, trainer: number, bundle: Bytes) {
    return this.#bytes(() => found(this.#idle(id, "trainer.step").trainers, trainer).step(bundle));
  }

  trainerApply(id: number, trainer: number, gradients: Bytes) {
    return this.#settle(() => found(this.#idle(id, "trainer.apply").trainers, trainer).apply(gradients));
  }

  openLearner(id: number, options: string, port: MessagePort) {
    return this.#settle(() => {
      const entry = this.#idle(id, "online");
      const learner = Learner.open(this.#o.kernel, entry.model, options);
      entry.learner = learner;
      serve({
        learner,
        port,
        failed: (thrown) => this.#failed(thrown),
        closed: () => delete entry.learner,
      });
    });
  }

  openGenerator(...[id, options, prompt]: Parameters<Answers["openGenerator"]>) {
    return this.#settle(() => {
      const { model, generators } = this.#entry(id);
      const number = ++this.#numbers;
      generators.set(number, Generator.open(this.#o.kernel, model, options, prompt));
      return number;
    });
  }

  generate(id: number, generator: number) {
    return this.#settle(() => draw(found(this.#entry(id).generators, generator), this.#now));
  }

  closeGenerator(id: number, number: number) {
    return this.#bytes(() => {
      const { generators } = this.#entry(id);
      const generator = found(generators, number);
      generators.delete(number);
      const state = generator.state();
      generator.free();
      return state;
    });
  }

  #add(model: Model): ModelInfo & { id: number } {
    const id = ++this.#numbers;
    this.#models.set(id, { model, trainers: new Map(), generators: new Map() });
    return { id, ...info(model) };
  }

  #entry(id: number): Entry {
    return found(this.#models, id);
  }

  #model(id: number): Model {
    return this.#entry(id).model;
  }

  /** The model's entry if nobody else owns its weights just now. */
  #idle(id: number, what: string): Entry {
    const entry = this.#entry(id);
    if (entry.training) throw new BusyError(`${what}: a run is going on; await it or stop it first`);
    if (entry.learner) throw new BusyError(`${what}: an online learner is open; dispose of it first`);
    return entry;
  }

  /** An answer of bytes, whose buffer moves. */
  #bytes(call: () => Uint8Array): Settled<Bytes> {
    const answer = this.#settle(() => owned(call()));
    return answer.ok ? this.#o.transfer(answer, [answer.value.buffer]) : answer;
  }

  #settle<T>(call: () => T): Settled<T> {
    if (this.#lost) return { ok: false, error: this.#lost };
    try {
      return { ok: true, value: call() };
    } catch (thrown) {
      return this.#failed(thrown);
    }
  }

  #failed(thrown: unknown): Settled<never> {
    if (!(thrown instanceof Trap)) return { ok: false, error: toRecord(thrown) };
    if (!this.#lost) {
      this.#lost = thrown.record;
      this.#o.lost(thrown.record);
    }
    return { ok: false, error: this.#lost };
  }
}

function info(model: Model): ModelInfo {
  return { description: model.description(), parameterCount: model.parameterCount(), summary: model.summary() };
}

function found<T>(map: ReadonlyMap<number, T>, number: number): T {
  const entry = map.get(number);
  if (entry === undefined) throw new ConfigError(`nothing is open under the number ${number}`);
  return entry;
}
