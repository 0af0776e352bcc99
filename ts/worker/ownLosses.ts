/** The custom losses of a worker's models, and what went wrong in one of them while the kernel asked it. */
import type { Refusal } from "../kernel/guard.js";
import type { Model } from "../kernel/model.js";
import type { Asking } from "./asking.js";
import { decode } from "./base64.js";
import { openLoss } from "./ownLoss.js";

type Described = { loss?: { kind?: string; module?: string } };

export class OwnLosses {
  #failed: Refusal | undefined;
  readonly #asking: Asking;

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  /** Loads the one that the model's description has, if any. Throws Refusal when it is none. */
  give(model: Model): void {
    const text = model.description();
    if (!text.includes('"custom"')) return;
    const { loss } = JSON.parse(text) as Described;
    if (loss?.kind !== "custom") return;
    const own = this.#asking.during(() => openLoss(decode(loss.module!), (failure) => (this.#failed ??= failure)));
    model.setOwnLoss(this.#asking.around(own));
  }

  /** What failed since this was asked last: the kernel, which was told NaN, cannot say it. */
  failure(): Refusal | undefined {
    const failed = this.#failed;
    this.#failed = undefined;
    return failed;
  }

  check(): void {
    const failed = this.failure();
    if (failed) throw failed;
  }
}
