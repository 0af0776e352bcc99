/** The package against crates/train/tests/golden.rs: description, data, worker and all. test/browser does the same in a page. */
import { expect, test } from "vitest";
import { GOLDEN, main } from "../golden.js";

test("the package trains to the same bits as the native build", async () => {
  expect(await main()).toBe(GOLDEN);
});
