/** Generation as the user holds it: a Promise of the whole that can be looped over piece by piece. */
import { Bundle } from "../data/bundle.js";
import type { Encoding } from "../data/encoding.js";
import { encodePrompt } from "../data/samples.js";
import { readStates } from "../data/states.js";
import type { Numbers, State } from "../data/values.js";
import { checkSignal } from "./controls.js";
import type { Core } from "./core.js";
import { Events } from "./events.js";
import { split, toJson } from "./options.js";
import { patiently } from "./patience.js";
import type { Generation, Model } from "./types.js";

export type GenerateOptions = NonNullable<Parameters<Model["generate"]>[1]>;
type Generated = { text: string; tokens: Int32Array; state: State[] };

export class StartedGeneration extends Promise<Generated> implements Generation {
  readonly #pieces: string[] = [];
  readonly #events: Events<string>;
  #left = false;
  #watch = () => {};

  static override get [Symbol.species]() {
    return Promise;
  }

  constructor(core: Core, prompt: string | Numbers, options?: GenerateOptions) {
    let settle: (whole: Promise<Generated>) => void = () => {};
    super((resolve) => {
      settle = resolve;
    });
    this.#events = new Events<string>({
      whole: this,
      left: () => {
        this.#left = true;
        this.#watch();
        return this;
      },
      past: () => this.#pieces,
    });
    settle(this.#run(core, prompt, options));
  }

  [Symbol.asyncIterator](): AsyncIterator<string> {
    return this.#events.iterate();
  }

  async #run(core: Core, prompt: string | Numbers, options?: GenerateOptions): Promise<Generated> {
    const [{ state, signal }, rest] = split(options, ["state", "signal"]);
    checkSignal(signal);
    return patiently(core, signal, async (watch) => {
      this.#watch = watch;
      if (core.opening) await core.opening;
      signal?.throwIfAborted();
      const { encoding } = core;
      const bundle = encodePrompt(prompt, encoding, state);
      const number = await core.call("openGenerator", [toJson(rest), bundle], [bundle.buffer]);
      try {
        return await this.#draw(core, number, signal);
      } catch (error) {
        // Freed in the worker; if that is gone, so is the generator.
        await core.call("closeGenerator", [number]).catch(() => {});
        throw error;
      }
    });
  }

  async #draw(core: Core, number: number, signal: AbortSignal | undefined): Promise<Generated> {
    const { encoding } = core;
    const tokens: number[] = [];
    for (let ended = false; !ended && !this.#left; ) {
      signal?.throwIfAborted();
      const drawn = await core.call("generate", [number]);
      tokens.push(...drawn.tokens);
      this.#push(decode(drawn.tokens, encoding));
      ended = drawn.ended;
    }
    const end = Bundle.read(await core.call("closeGenerator", [number]));
    return { text: this.#pieces.join(""), tokens: Int32Array.from(tokens), state: readStates(end) };
  }

  #push(piece: string): void {
    if (piece === "") return;
    this.#pieces.push(piece);
    this.#events.push(piece);
  }
}

function decode(tokens: Uint32Array, { input }: Encoding): string {
  return input.kind === "tokens" ? input.vocabulary.decode(tokens) : "";
}
