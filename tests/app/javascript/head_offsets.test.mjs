import assert from "node:assert/strict"
import test from "node:test"
import { load, message, plain } from "./load.mjs"

const { ahead, offsetWords, placeOf, strongest, unpack, Sheet } = load("head_offsets/view.js", [
  "ahead", "offsetWords", "placeOf", "strongest", "unpack", "Sheet",
])
const MAP = 19 * 19

test("an index of a map is an offset from the middle", () => {
  assert.deepEqual(plain(placeOf(0)), { grid: 0, down: -9, right: -9 })
  assert.deepEqual(plain(placeOf(3 * MAP + 9 * 19 + 10)), { grid: 3, down: 0, right: 1 })
})

test("offsets in words", () => {
  assert.equal(offsetWords({ down: 0, right: 0 }), "same cell")
  assert.equal(offsetWords({ down: -2, right: 1 }), "2 up, 1 right")
})

test("only the answer is still being written", () => {
  assert.deepEqual([ahead(3, 0, -1), ahead(3, 0, 0), ahead(3, 1, -5), ahead(2, 1, 1)], [false, true, true, false])
})

test("cells, markers and the start token compete for the strongest", () => {
  const maps = new Float32Array(2 * 4 * MAP)
  maps[4 * MAP + MAP + 9 * 19 + 9] = 0.5 // head 1: the same cell of the second grid
  const markers = Float32Array.of(0, 0, 0, 0, 0, 0, 0.25, 0)
  const names = ["a", "b", "c", "answer"]
  const data = unpack(message({ heads: 2, names }, maps, markers, Float32Array.of(0, 0.75)))
  assert.deepEqual(plain(strongest(data, 1, 3).map(({ share, text }) => [text(), share])), [["start token", 0.75], ["b: same cell", 0.5], ["marker of c", 0.25]])
})

test("the offset under the pointer is the one that is drawn there", () => {
  const sheet = Object.assign(Object.create(Sheet.prototype), { cell: 4, gap: 6, ratio: 1 })
  sheet.canvas = { width: 4 * 19 * 4 + 18, height: 76, getBoundingClientRect: () => ({ left: 0, top: 0, width: 322, height: 76 }) }
  for (const [grid, down, right] of [[0, -9, -9], [1, 0, 0], [3, 9, 9]]) {
    const [x, y] = sheet.box(grid, down, right)
    assert.deepEqual(plain(sheet.at({ clientX: x + 2, clientY: y + 2 })), { grid, down, right })
  }
  assert.equal(sheet.at({ clientX: 19 * 4 + 3, clientY: 10 }), null)
})
