/** Workers that give each other numbers, all in this thread: what one computes is its place and the update. */
import { afterEach, describe, expect, it } from "vitest";
import { Board } from "../../../ts/worker/board.js";
import { type Exchange, openExchange } from "../../../ts/worker/exchange.js";

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

class Fake {
  update = 1;
  taken: number[][] = [];
  constructor(readonly index: number) {}
  shareLength() {
    return 3;
  }
  give(share: Float32Array) {
    share.set([this.index, this.update, Math.fround(this.index / 3)]);
  }
  take(worker: number, share: Float32Array) {
    this.taken.push([worker, ...share]);
  }
}

interface Worker {
  session: Fake;
  exchange: Exchange;
  /** How often it was told to try again, and that a message could not be read. */
  told: number;
  broken: number;
  meet(): boolean;
}

/** Milliseconds that a worker blocks at most. */
const PATIENCE = 20;
const now = () => performance.now();

function team(count: number, shared: boolean): Worker[] {
  const mesh: MessagePort[][] = Array.from({ length: count }, () => []);
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      const { port1, port2 } = new MessageChannel();
      mesh[i]![j - 1] = port1;
      mesh[j]![i] = port2;
      ports.push(port1, port2);
    }
  }
  return mesh.map((peers, index) => {
    const worker = { session: new Fake(index), told: 0, broken: 0 } as Worker;
    const { session } = worker;
    const again = () => worker.told++;
    const broken = () => worker.broken++;
    worker.exchange = openExchange({ session, index, peers, shared, now, again, broken, breathe: turn });
    worker.meet = () => worker.exchange.meet(now() + PATIENCE);
    return worker;
  });
}

/** Lets each in turn try until it has met the others `updates` times. */
async function run(workers: Worker[], updates: number): Promise<void> {
  while (workers.some(({ session }) => session.update <= updates)) {
    for (const worker of workers) {
      const { session } = worker;
      if (session.update > updates || !worker.meet()) continue;
      const others = workers.filter((w) => w.session !== session).map((w) => w.session.index);
      const expected = others.map((index) => [index, index, session.update, Math.fround(index / 3)]);
      expect(session.taken.splice(0).sort()).toEqual(expected);
      session.update++;
    }
    await turn();
  }
}

describe.each([
  ["in shared memory", true],
  ["by messages", false],
])("workers that meet %s", (_, shared) => {
  it.each([2, 3, 8])("have each other's shares of each update: %i of them", async (count) => {
    await run(team(count, shared), 5);
  });

  it("wait for the one that is late, and are told when to look again", async () => {
    const [first, late] = team(2, shared) as [Worker, Worker];
    for (let i = 0; i < 3; i++) {
      expect(first.meet()).toBe(false);
      await turn();
    }
    await run([first, late], 3);
    expect(first.told).toBeGreaterThanOrEqual(3);
  });

  it("tell of a message that cannot be read", () => {
    const [first, second] = team(2, shared) as [Worker, Worker];
    ports[0]!.dispatchEvent(new Event("messageerror"));
    expect([first.broken, second.broken]).toEqual([1, 0]);
  });
});

describe("shared memory", () => {
  it("is waited for until the deadline, whoever is late", async () => {
    const [first, second] = team(3, true) as [Worker, Worker];
    await turn();
    await turn();
    const waits: number[] = [];
    const has = Board.prototype.has;
    Board.prototype.has = (_, milliseconds) => waits.push(milliseconds) === 1;
    try {
      const deadline = now() + 1000;
      first.exchange.meet(deadline);
      expect(Math.max(...waits)).toBeLessThanOrEqual(1000);
      waits.length = 0;
      second.exchange.meet(now() - 1);
      expect(waits).toEqual([0, 0]);
    } finally {
      Board.prototype.has = has;
    }
  });

  it("keeps a share until all have read it, while its worker gives the next", async () => {
    const [first, second] = team(2, true) as [Worker, Worker];
    await turn();
    await turn();
    expect(second.meet()).toBe(false);
    await turn();
    expect(first.meet()).toBe(true);
    first.session.update = 2;
    expect(first.meet()).toBe(false); // it has given its second share
    await turn();
    expect(second.meet()).toBe(true);
    expect(second.session.taken).toEqual([[0, 0, 1, 0]]);
  });

  it("blocks no second time before messages had their turn", async () => {
    const [first] = team(2, true) as [Worker];
    await turn();
    await turn();
    expect(first.meet()).toBe(false);
    const has = Board.prototype.has;
    Board.prototype.has = () => {
      throw new Error("blocked");
    };
    try {
      expect(first.meet()).toBe(false);
      await turn();
      expect(() => first.meet()).toThrow("blocked");
    } finally {
      Board.prototype.has = has;
    }
  });

  it("counts on after 2³¹ updates", () => {
    const board = Board.make(1);
    for (const update of [2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 1]) {
      expect(board.has(update, 0)).toBe(false);
      board.publish(update);
      expect(board.has(update, 0)).toBe(true);
    }
  });
});
