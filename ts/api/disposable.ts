/** `await using`, where the language has it; elsewhere there is no such symbol, and `dispose()` serves. */
export function disposable(prototype: { dispose(): Promise<void> }): void {
  const symbol: symbol | undefined = Symbol.asyncDispose;
  if (!symbol) return;
  Object.defineProperty(prototype, symbol, {
    value(this: { dispose(): Promise<void> }) {
      return this.dispose();
    },
  });
}
