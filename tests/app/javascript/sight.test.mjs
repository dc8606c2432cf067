import assert from "node:assert/strict"
import test from "node:test"
import { load } from "./load.mjs"

const { away } = load("sight/sight.js", ["away"])
const box = (top, bottom) => ({ top, bottom })

test("what lies within two heights of the window stays where it is", () => {
  assert.equal(away(box(60, 600), 60, 700), 0)
  assert.equal(away(box(60, 700), 60, 700), 0)
})

test("what lies below or above is brought between them, by as little as possible", () => {
  assert.equal(away(box(500, 800), 60, 700), 100)
  assert.equal(away(box(-40, 200), 60, 700), -100)
})

test("of what is larger than the room its top is seen", () => {
  assert.equal(away(box(300, 2000), 60, 700), 240)
  assert.equal(away(box(60, 2000), 60, 700), 0)
})

const { isNamed } = load("naming/naming.js", ["isNamed"])
const icon = (host) => ({ textContent: "play_arrow", closest: () => host })
const button = (textContent, label) => ({ textContent, hasAttribute: () => label })

test("an icon is passed over where what it stands in has another name", () => {
  assert.equal(isNamed(icon(null)), true)
  assert.equal(isNamed(icon(button("play_arrow Play", false))), true)
  assert.equal(isNamed(icon(button("play_arrow", true))), true)
  assert.equal(isNamed(icon(button(" play_arrow ", false))), false)
})
