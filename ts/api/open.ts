/** createModel and loadModel. */
import { FormatError } from "../errors.js";
import { checkRuntime } from "./controls.js";
import { Core, unlessAborted } from "./core.js";
import type { ModelDescription } from "./description.gen.js";
import { OpenModel } from "./model.js";
import { nameOf, toJson } from "./options.js";
import type { Model, Runtime } from "./types.js";

/** A new model with weights by its seed, in a worker of its own. */
export async function createModel(description: ModelDescription, runtime?: Runtime): Promise<Model> {
  const checked = checkRuntime(runtime);
  const json = toJson(description);
  return new OpenModel(await Core.open(checked, (connection) => connection.call("create", [json])));
}

/** A model as `save` left it, in any runtime and by any version up to this one. The file is copied. */
export async function loadModel(file: BufferSource | Blob | Response, runtime?: Runtime): Promise<Model> {
  const checked = checkRuntime(runtime);
  const bytes = await unlessAborted(checked.signal, () => read(file));
  return new OpenModel(await Core.open(checked, (connection) => connection.call("load", [bytes], [bytes.buffer])));
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
