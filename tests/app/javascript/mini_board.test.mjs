import assert from "node:assert/strict"
import test from "node:test"
import { load, plain } from "./load.mjs"

const { partsOf, placeAfter } = load("mini_board/mini.js", ["partsOf", "placeAfter"])

test("a layer's components stand in one order", () => {
  assert.deepEqual(plain(partsOf(2, 2)), ["L2.attn", "L2.H0", "L2.H1", "L2.mlp"])
})

test("arrow keys stay on the board", () => {
  assert.deepEqual(plain(placeAfter("ArrowDown", [0, 3], [2, 4])), [1, 3])
  assert.deepEqual(plain(placeAfter("ArrowDown", [1, 3], [2, 4])), [1, 3])
  assert.deepEqual(plain(placeAfter("ArrowRight", [1, 3], [2, 4])), [1, 3])
  assert.deepEqual(plain(placeAfter("ArrowLeft", [1, 3], [2, 4])), [1, 2])
})
