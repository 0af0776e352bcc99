/** PyTorch in a process of its own (torch_rows.py), asked line by line; its own clock counts, so the pipe costs nothing. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../inside/tree.js";
import type { Contestant, Lap } from "../rounds.js";
import { adamOptions, data, draw, drawIndices } from "../task.js";
import type { Rival } from "./rival.js";
import { characters, online } from "./sizes.js";

/** Throws when that Python has no torch. */
export async function torch(python: string, threads: number): Promise<Rival> {
  const process = await Process.start(python, threads);
  const open = async (order: object): Promise<Contestant> => {
    const { id } = await process.ask<{ id: number }>({ do: "open", ...order });
    return {
      run: (steps) => process.ask<Lap>({ do: "run", id, steps }),
      close: async () => void (await process.ask({ do: "close", id })),
    };
  };
  return {
    name: `torch ${threads}`,
    version: process.version,
    about: `PyTorch, nn modules and optim.Adam in a process of its own, ${threads} thread${threads > 1 ? "s" : ""}`,
    reset: "after",
    oneBias: false,
    guess: 15,
    comparable: true,
    refuses: () => false,
    open({ cell, shape }, start, { bias = true } = {}) {
      const weights = Object.fromEntries(
        Object.entries(start).map(([name, { shape, data }]) => [name, { shape, data: base64(data) }]),
      );
      const { x, y } = data(shape);
      const arrays = { weights, x: base64(x), y: base64(y) };
      return open({ kind: "steps", cell, bias, ...shape, ...arrays, adam: adamOptions });
    },
    openCharacters() {
      const { batch, steps, tokens } = characters;
      const [x, y] = [1, 2].map((seed) => base64(drawIndices(batch * steps, tokens, seed)));
      return open({ kind: "characters", ...characters, x, y, adam: adamOptions });
    },
    openOnline() {
      const count = 1000;
      const [x, y] = [draw(count * online.inputs, 1), draw(count, 2)].map(base64);
      return open({ kind: "online", ...online, x, y });
    },
    close: () => process.end(),
  };
}

const base64 = (words: Float32Array | Int32Array) =>
  Buffer.from(words.buffer, words.byteOffset, words.byteLength).toString("base64");

/** One question at a time. */
class Process {
  readonly #child;
  readonly #lines: AsyncIterator<string>;
  #last = "";
  version = "";

  private constructor(python: string, threads: number) {
    const script = join(root, "bench/rivals/torch_rows.py");
    this.#child = spawn(python, [script, String(threads)], { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.on("error", (error) => {
      this.#last = error.message;
    });
    this.#child.stdin.on("error", () => {}); // its end is seen when its output ends
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#last = text.trim().split("\n").at(-1) ?? "";
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  static async start(python: string, threads: number): Promise<Process> {
    const process = new Process(python, threads);
    const { version } = await process.#answer<{ version: string }>();
    process.version = version;
    return process;
  }

  ask<T>(order: object): Promise<T> {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
    return this.#answer();
  }

  async #answer<T>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(this.#last || "it ended without a word");
    const answer = JSON.parse(value) as T & { error?: string };
    if (answer.error) throw new Error(answer.error);
    return answer;
  }

  end(): void {
    this.#child.stdin.end();
  }
}
