import assert from "node:assert/strict"
import test from "node:test"
import { load } from "./load.mjs"

const { asSaid } = load("story_bar/bar.js", ["asSaid"])

test("a caption's heading and paragraphs are read as sentences of their own", () => {
  const children = ["Without layer 1", "22 of 100 cells go wrong.", " And so on", ""].map((textContent) => ({ textContent }))
  assert.equal(asSaid({ children }), "Without layer 1. 22 of 100 cells go wrong. And so on.")
})
