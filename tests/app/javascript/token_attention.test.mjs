import assert from "node:assert/strict"
import test from "node:test"
import { load, message, plain } from "./load.mjs"

const { unpack } = load("token_attention/view.js", ["unpack"])

test("patterns come in ten-thousandths, by head, query and key", () => {
  const levels = Uint16Array.of(10000, 0, 2500, 7500, 10000, 0, 1, 9999)
  const data = unpack(message({ tokens: ["a", "b"], heads: ["H0", "H1"] }, levels))
  assert.deepEqual(plain(data.patterns), [[[1, 0], [0.25, 0.75]], [[1, 0], [0.0001, 0.9999]]])
})
