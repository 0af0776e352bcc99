/** Losses in AssemblyScript, and `asc` to compile them with. */
import asc from "assemblyscript/asc";

const ID = "export const Float32Array_ID = idof<Float32Array>();\n";

/** Huber with delta 1, as the built-in one. */
export const huber = `${ID}
export function loss(prediction: Float32Array, target: Float32Array, gradient: Float32Array): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < prediction.length; i++) {
    const error = <f64>prediction[i] - <f64>target[i];
    const far = Math.abs(error) > 1;
    sum += far ? Math.abs(error) - 0.5 : 0.5 * error * error;
    gradient[i] = <f32>(far ? (error > 0 ? 1 : -1) : error);
  }
  return sum;
}`;

/** Of one quantile, .9; the derivative at 0 is 0, as of the built-in one. */
export const quantile = `${ID}
export function loss(prediction: Float32Array, target: Float32Array, gradient: Float32Array): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < prediction.length; i++) {
    const error = <f64>target[i] - <f64>prediction[i];
    sum += error > 0 ? 0.9 * error : -0.1 * error;
    gradient[i] = <f32>(error > 0 ? -0.9 : error < 0 ? 0.1 : 0);
  }
  return sum;
}`;

/** Of the softmax of logits; targets are indices of classes. */
export const crossEntropy = `${ID}
export function loss(prediction: Float32Array, target: Float32Array, gradient: Float32Array): f64 {
  const classes = prediction.length / target.length;
  let sum: f64 = 0;
  for (let row = 0; row < target.length; row++) {
    const first = row * classes;
    let most: f64 = -Infinity;
    for (let c = 0; c < classes; c++) most = Math.max(most, prediction[first + c]);
    let total: f64 = 0;
    for (let c = 0; c < classes; c++) total += Math.exp(<f64>prediction[first + c] - most);
    for (let c = 0; c < classes; c++) {
      const p = Math.exp(<f64>prediction[first + c] - most) / total;
      gradient[first + c] = <f32>(p - (c == <i32>target[row] ? 1 : 0));
    }
    sum += most + Math.log(total) - <f64>prediction[first + <i32>target[row]];
  }
  return sum;
}`;

/** @param body of `loss` */
export const withBody = (body: string) => `${ID}
export function loss(prediction: Float32Array, target: Float32Array, gradient: Float32Array): f64 {
  ${body}
}`;

export async function compile(source: string, ...flags: string[]): Promise<Uint8Array<ArrayBuffer>> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    ["loss.ts", "--outFile", "loss.wasm", "-O", ...(flags.length ? flags : ["--exportRuntime"])],
    {
      readFile: (name: string) => (name === "loss.ts" ? source : null),
      writeFile: (name: string, contents: string | Uint8Array) => {
        if (name === "loss.wasm") binary = contents as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error || !binary) throw new Error(`${error?.message} ${stderr.toString()}`);
  return new Uint8Array(binary);
}
