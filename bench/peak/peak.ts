/** The frozen loops of loops.rs: GFLOP/s of this process. In any runtime; the caller brings the wasm. */

interface Loops {
  fill(): void;
  registers(turns: number): number;
  product(times: number): number;
  product_size(): number;
}

/** Multiplications and additions of a turn of `registers`. */
const TURN = 12 * 4 * 2;

export class Peak {
  readonly #loops: Loops;
  /** GFLOP/s, the best so far: the loop in registers, the product of packed matrices, a whole step of the kernel. */
  readonly best = { registers: 0, product: 0, step: 0 };

  private constructor(loops: Loops) {
    this.#loops = loops;
    loops.fill();
    for (const begun = performance.now(); performance.now() - begun < 200; ) this.sample();
  }

  /** Undefined where this runtime does not know the instructions. */
  static open(wasm: BufferSource): Peak | undefined {
    if (!WebAssembly.validate(wasm)) return undefined;
    return new Peak(new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports as unknown as Loops);
  }

  /** What shares are of: the higher of the loops and of the best rate seen in this process. */
  get value(): number {
    return Math.max(this.best.registers, this.best.product, this.best.step);
  }

  /** Ten milliseconds; called again and again, since other programs slow the machine down for a while. */
  sample(): void {
    const { registers, product, product_size } = this.#loops;
    // Not shorter: a browser's clock may be as coarse as a tenth of a millisecond.
    const [turns, times] = [2e6, 20];
    const timed = (flops: number, work: () => void) => {
      const begun = performance.now();
      work();
      return flops / (performance.now() - begun) / 1e6;
    };
    const { best } = this;
    best.registers = Math.max(
      best.registers,
      timed(turns * TURN, () => registers(turns)),
    );
    best.product = Math.max(
      best.product,
      timed(times * product_size(), () => product(times)),
    );
  }

  /** A rate that a row reached. */
  see(gflops: number): void {
    this.best.step = Math.max(this.best.step, gflops);
  }
}
