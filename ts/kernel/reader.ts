/** Mirrors crates/wasm/src/reader.rs: a bundle on its way in, a piece at a time. */
export interface Reader {
  /** The next bytes, which end where a number does. */
  feed(piece: Uint8Array): void;
  free(): void;
}

export interface Readers {
  /** @param length bytes of the whole bundle, below 2^32. */
  new (length: number): Reader;
}
