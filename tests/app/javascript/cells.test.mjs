import assert from "node:assert/strict"
import test from "node:test"
import { load, plain } from "./load.mjs"

const { percent, place, settledSentence, shade, where } = load("lens_film/film.js", ["percent", "place", "settledSentence", "shade", "where"])

test("a cell's place, in words and in the picture", () => {
  assert.equal(where(29), "row 3, column 10")
  assert.equal(place(29), "translate(90 20)")
})

test("a chance that is not finite is said to be so", () => {
  assert.deepEqual([0.125, 1, null, 0.0004, 0].map(percent), ["12.5 %", "100.0 %", "not finite", "< 0.1 %", "< 0.1 %"])
})

test("the later a layer, the darker", () => {
  assert.deepEqual(plain(shade(0, 5)), [232, 240, 250])
  assert.deepEqual(plain(shade(4, 5)), [8, 48, 107])
  assert.deepEqual(plain(shade(0, 1)), [232, 240, 250])
})

test("when a cell is right and stays so", () => {
  const view = { data: { stages: ["L0", "L1"], settled: [1, 2] } }
  assert.equal(settledSentence(view, 0), "right from L1 on")
  assert.equal(settledSentence(view, 1), "not right at the end")
})
