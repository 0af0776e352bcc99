/** Losses that AssemblyScript compiled, without a kernel. */
import { describe, expect, it } from "vitest";
import { Refusal } from "../../../ts/kernel/guard.js";
import { openLoss } from "../../../ts/worker/ownLoss.js";
import { compile, huber, quantile, withBody } from "../../assembly/losses.js";

const never = (failure: Refusal) => {
  throw failure;
};
const f = (...values: number[]) => new Float32Array(values);

function refusal(call: () => unknown): Refusal["record"] {
  try {
    call();
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.record;
    throw thrown;
  }
  throw new Error("it was taken");
}

describe("a loss of the user's own", () => {
  it("gives sum and gradient for rows of any length, in any order", async () => {
    const own = openLoss(await compile(huber), never);
    for (const far of [0, 3, 0, 5]) {
      const [prediction, target] = [f(0.5, far, ...f(1, 1).subarray(0, far)), f(0, 0, ...f(1, 1).subarray(0, far))];
      const gradient = new Float32Array(prediction.length).fill(9);
      expect(own.sum(prediction, target, gradient)).toBeCloseTo(0.125 + (far ? far - 0.5 : 0), 12);
      expect([...gradient].slice(0, 2)).toEqual([0.5, far ? 1 : 0]);
    }
    const gradient = f(0);
    expect(openLoss(await compile(quantile), never).sum(f(1), f(3), gradient)).toBeCloseTo(1.8, 12);
    expect(gradient[0]).toBeCloseTo(-0.9, 6);
  });

  it("gives the sum alone where no gradient is wanted", async () => {
    expect(openLoss(await compile(huber), never).sum(f(0.5, 3), f(0, 0), f())).toBeCloseTo(2.625, 12);
  });

  it("keeps its numbers when its memory grows", async () => {
    const own = openLoss(
      await compile(withBody("new Float64Array(100000); gradient[0] = prediction[0]; return target[0];")),
      never,
    );
    for (let k = 0; k < 200; k++) {
      const gradient = f(0);
      expect(own.sum(f(k), f(2 * k), gradient)).toBe(2 * k);
      expect(gradient[0]).toBe(k);
    }
  });

  it("goes on as before after a batch that its memory was too small for", async () => {
    // Four pages of 64 kB.
    const bytes = await compile(huber, "--exportRuntime", "--maximumMemory", "4");
    const failures: Refusal[] = [];
    const own = openLoss(bytes, (failure) => failures.push(failure));
    const sum = (n: number) => {
      const gradient = new Float32Array(n);
      return [own.sum(new Float32Array(n).fill(0.5), new Float32Array(n), gradient), gradient] as const;
    };
    for (const n of [3, 100_000, 3, 40, 100_000, 2000, 41]) {
      const [found, gradient] = sum(n);
      if (n === 100_000) expect(found).toBeNaN();
      else {
        expect(found, `${n} numbers`).toBeCloseTo(0.125 * n, 12);
        expect(gradient).toEqual(new Float32Array(n).fill(0.5));
      }
    }
    expect(failures.map(({ record }) => record.code)).toEqual(["brokenLoss", "brokenLoss"]);
  });

  it("takes batches that grow as long as its memory has room for them at all", async () => {
    // 256 kB, of which the runtime takes some 10; three arrays of the last length take 210.
    const own = openLoss(await compile(huber, "--exportRuntime", "--maximumMemory", "4"), never);
    for (const n of [8000, 10_000, 9000, 14_000, 17_500, 3, 17_500]) {
      const gradient = new Float32Array(n);
      const sum = own.sum(new Float32Array(n).fill(0.5), new Float32Array(n), gradient);
      expect(sum, `${n} numbers`).toBeCloseTo(0.125 * n, 12);
      expect(gradient).toEqual(new Float32Array(n).fill(0.5));
    }
  });

  it("that throws or reads past its arrays gives NaN and says why", async () => {
    for (const body of ['throw new Error("enough");', "return prediction[9];"]) {
      const failures: Refusal[] = [];
      const own = openLoss(await compile(withBody(body)), (failure) => failures.push(failure));
      expect(own.sum(f(1), f(1), f(0))).toBeNaN();
      expect(failures).toHaveLength(1);
      const { record } = failures[0]!;
      expect(record).toMatchObject({ class: "ConfigError", code: "brokenLoss", path: "loss.module" });
      expect(record.message).toMatch(body.startsWith("throw") ? /enough/ : /range|bounds/i);
    }
  });

  it("is refused when it is no module, imports more, or lacks an export", async () => {
    const plain = withBody("return 0;");
    const wrong: [Uint8Array<ArrayBuffer>, RegExp][] = [
      [new Uint8Array([1, 2, 3]), /expected a WebAssembly module, got ./],
      [new Uint8Array(0), /expected a WebAssembly module/],
      [await compile(withBody("return Math.random();")), /nothing but env.abort, got an import of env.seed/],
      [await compile(plain, "--runtime", "stub"), /--exportRuntime, got no __new/],
      [await compile(plain.replace("export const Float32Array_ID", "const unused")), /export const Float32Array_ID/],
      [
        await compile(plain.replace("idof<Float32Array>", "idof<Float64Array>")),
        /idof<Float32Array>\(\), got Float64Array/,
      ],
      [await compile(plain.replace("idof<Float32Array>", "idof<StaticArray<f32>>")), /got that of another class/],
      [await compile(plain.replace("idof<Float32Array>()", "12345")), /got invalid id: 12345/],
      [await compile("export function other(): void {}"), /an exported function loss, got exports .*other/],
      [await compile("export const loss = 1;"), /an exported function loss, got exports .*loss/],
      ...(await Promise.all(
        [
          ["gradient: Float32Array): f64", "gradient: Float32Array): f32"],
          ["gradient: Float32Array): f64", "gradient: Float32Array): i64"],
          ["gradient: Float32Array): f64", "gradient: f64): f64"],
          [", gradient: Float32Array): f64", "): f64"],
        ].map(
          async ([from, to]): Promise<[Uint8Array<ArrayBuffer>, RegExp]> => [
            await compile(plain.replace(from!, to!)),
            /gradient: Float32Array\): f64, got one of other arguments/,
          ],
        ),
      )),
    ];
    for (const [bytes, message] of wrong) {
      const record = refusal(() => openLoss(bytes, never));
      expect(record).toMatchObject({ class: "ConfigError", code: "wrongLoss", path: "loss.module" });
      expect(record.message).toMatch(message);
    }
  });

  it("is refused when it traps while it starts", async () => {
    const source = `${withBody("return 0;")}\nthrow new Error("no start");`;
    expect(refusal(() => openLoss(new Uint8Array(), never))).toBeDefined();
    const bytes = await compile(source);
    expect(refusal(() => openLoss(bytes, never)).message).toMatch(/did not start: abort: .*6:1/);
  });
});
