import assert from "node:assert/strict"
import test from "node:test"
import { load, plain } from "./load.mjs"

const { drawLegend, filled, kindOf, nameOf, numberOf, tileName } = load("ablation_board/controls.js", [
  "drawLegend",
  "filled",
  "kindOf",
  "nameOf",
  "numberOf",
  "tileName",
])

test("what a tile is called", () => {
  assert.equal(tileName("L1.attn", "ablated", "breaks 27 cells", "", false), "L1.attn, ablated, breaks 27 cells")
  assert.equal(tileName("L1.H5", "", "breaks no cells", "copy head", false), "L1.H5, copy head, breaks no cells")
  assert.equal(tileName("L0.mlp", "", "breaks 46 cells", "", true), "L0.mlp, breaks 46 cells, costliest")
})

test("the text of a method, and what it is done to", () => {
  assert.deepEqual([nameOf("lookback=100"), numberOf("lookback=100"), nameOf("zero")], ["lookback", "100", "zero"])
  assert.equal(filled("looking {} back", "lookback=100"), "looking 100 back")
  assert.deepEqual(["L1.attn", "L1.H2", "L1.mlp"].map(kindOf), ["attn", "head", "mlp"])
})

/** An element that knows what was made in it. */
function element(name = "div") {
  const made = { name, className: "", textContent: "", children: [], style: {}, title: "" }
  made.style.setProperty = (key, value) => (made.style[key] = value)
  made.appendChild = (child) => made.children.push(child)
  made.replaceChildren = () => (made.children = [])
  made.setAttribute = (key, value) => (made[key] = value)
  return made
}

test("a legend has a field a colour, and says where the largest effect is", () => {
  const { drawLegend: draw } = load("ablation_board/controls.js", ["drawLegend"], { document: { createElement: element } })
  const root = element()
  const ticks = [[0, "0"], [0.5, "25"], [1, "100"]]
  draw(root, { title: "cells broken", help: "", steps: ["a", "b", "c"], ticks, largest: [0.68, "L0.mlp: 46"] })
  const [title, scale] = root.children
  const [bar, ...rest] = scale.children
  assert.equal(title.textContent, "cells broken")
  assert.deepEqual(plain(bar.children.map((step) => step.style["--cost"])), ["a", "b", "c"])
  assert.deepEqual(plain(rest.map((one) => [one.className, one.style.left])), [
    ["tick", "0%"],
    ["tick", "50%"],
    ["tick", "100%"],
    ["largest left", "68%"],
  ])
  assert.equal(rest[3].children[0].textContent, "largest here: L0.mlp: 46")
  draw(root, { title: "", help: "", steps: [], ticks: [], largest: null })
  assert.equal(root.children[1].children.length, 1)
  assert.equal(typeof drawLegend, "function")
})
