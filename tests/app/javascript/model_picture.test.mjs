import assert from "node:assert/strict"
import test from "node:test"
import { load } from "./load.mjs"

const { layoutOf, nodeAfter } = load("model_picture/layout.js", ["layoutOf", "nodeAfter"])
const SHAPES = [[563, 6, 8], [563, 12, 8], [363, 6, 8], [363, 12, 8], [1200, 2, 1], [400, 3, 4]]

test("no component covers another, and all are inside the picture", () => {
  for (const [room, layers, heads] of SHAPES) {
    const { nodes, width, height, grid } = layoutOf(room, layers, heads)
    const all = Object.values(nodes)
    assert.equal(all.length, layers * (heads + 2))
    for (const node of all) {
      assert.ok(node.x - node.most > grid && node.x + node.most < width - grid && node.y + node.most < height)
      for (const other of all)
        assert.ok(node === other || Math.hypot(node.x - other.x, node.y - other.y) >= node.most + other.most, `${room} ${layers}`)
    }
  }
})

test("it is as wide as its room where the layers fit", () => {
  assert.equal(layoutOf(563, 6, 8).width, 563)
  assert.equal(layoutOf(563, 12, 8).width, 563)
  assert.ok(layoutOf(363, 12, 8).width > 363)
})

test("arrows lead from any component to any other", () => {
  for (const [room, layers, heads] of SHAPES) {
    const { nodes } = layoutOf(room, layers, heads)
    const reached = new Set(["L0.H0"])
    for (const part of reached)
      for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) reached.add(nodeAfter(key, part, nodes))
    assert.equal(reached.size, layers * (heads + 2))
  }
  const { nodes } = layoutOf(563, 6, 8)
  assert.equal(nodeAfter("ArrowRight", "L0.H1", nodes), "L1.H0")
  assert.equal(nodeAfter("ArrowDown", "L2.attn", nodes), "L2.mlp")
  assert.equal(nodeAfter("ArrowLeft", "L0.H0", nodes), "L0.H0", "at the edge it stays")
})
