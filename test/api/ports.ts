/** Counts ports: Node keeps one that nobody closes for ever. */
import { vi } from "vitest";

/** The ports that are made from here on and are open still; call vi.unstubAllGlobals after the test. */
export function ports(): Set<MessagePort> {
  const open = new Set<MessagePort>();
  class Watched extends MessageChannel {
    constructor() {
      super();
      for (const port of [this.port1, this.port2]) {
        open.add(port);
        port.addEventListener("close", () => open.delete(port));
      }
    }
  }
  vi.stubGlobal("MessageChannel", Watched);
  return open;
}
