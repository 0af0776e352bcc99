/** The kernel's handles: nobody collects what stands behind them. */

/** What `make` makes with a handle or beside it, which is freed when that throws. A call that takes a handle over has it either way. */
export function orFree<T>(handle: { free(): void } | undefined, make: () => T): T {
  try {
    return make();
  } catch (thrown) {
    handle?.free();
    throw thrown;
  }
}
