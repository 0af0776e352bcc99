/** createModel and loadModel. */
import { DisposedError, FormatError } from "../errors.js";
import { checkRuntime, refused } from "./controls.js";
import { Core, unlessAborted } from "./core.js";
import type { ModelDescription } from "./description.gen.js";
import { OpenModel } from "./model.js";
import { nameOf, toJson } from "./options.js";
import type { Model, Runtime } from "./types.js";

/** A new model with weights by its seed, in a worker of its own unless the runtime says otherwise. */
export async function createModel(description: ModelDescription, runtime?: Runtime): Promise<Model> {
  const checked = checkRuntime(runtime);
  const home = { ...checked, beside: neighbour(checked) };
  const json = toJson(description);
  return new OpenModel(await Core.open(home, (connection) => connection.call("create", [json])));
}

/** A model as `save` left it, in any runtime and by any version up to this one. The file is copied. */
export async function loadModel(file: BufferSource | Blob | Response, runtime?: Runtime): Promise<Model> {
  const checked = checkRuntime(runtime);
  const bytes = await unlessAborted(checked.signal, () => read(file));
  // After the wait, in which that one may have been disposed of.
  const home = { ...checked, beside: neighbour(checked) };
  return new OpenModel(await Core.open(home, (connection) => connection.call("load", [bytes], [bytes.buffer])));
}

/** Whose worker the model is to share. */
function neighbour({ beside }: Runtime): Core | undefined {
  if (beside === undefined) return undefined;
  const core = OpenModel.coreOf(beside);
  const path = "beside";
  if (!core) {
    throw refused(path, "a model that this copy of the package has opened", nameOf(beside));
  }
  if (core.disposed) {
    const [expected, received] = ["an open model", "one that has been disposed of"];
    throw new DisposedError(`${path}: expected ${expected}, got ${received}`, { path, expected, received });
  }
  return core;
}

async function read(file: BufferSource | Blob | Response): Promise<Uint8Array<ArrayBuffer>> {
  if (ArrayBuffer.isView(file)) return new Uint8Array(file.buffer, file.byteOffset, file.byteLength).slice();
  // By its tag: a buffer from another realm (a frame, a test's vm) is no instance of this one's ArrayBuffer.
  if (Object.prototype.toString.call(file) === "[object ArrayBuffer]")
    return new Uint8Array(file as ArrayBuffer).slice();
  // Last, since the mere name makes Node load all of its fetch, which takes 15 ms.
  if (file instanceof Response) {
    if (!file.ok) throw new FormatError(`file: the response is ${file.status} ${file.statusText}`, { path: "file" });
    return new Uint8Array(await file.arrayBuffer());
  }
  if (file instanceof Blob) return new Uint8Array(await file.arrayBuffer());
  throw new FormatError(`file: expected bytes, a Blob or a Response, got ${nameOf(file)}`, { path: "file" });
}
