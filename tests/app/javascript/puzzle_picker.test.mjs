import assert from "node:assert/strict"
import test from "node:test"
import { load, plain } from "./load.mjs"

const { counted, counts, offered, stepped } = load("puzzle_picker/picker.js", ["counted", "counts", "offered", "stepped"])
const data = {
  ids: ["a", "b", "c", "d", "e"],
  orders: ["X Y", "Y X"],
  order: "",
  order_of: [0, 1, 0, 1, 0],
  which: "all",
  solved: "1011?",
}

test("what is offered fits the order, and is known to be solved or failed", () => {
  assert.deepEqual(plain(offered(data)), [0, 1, 2, 3, 4])
  assert.deepEqual(plain(offered({ ...data, order: "Y X" })), [1, 3])
  assert.deepEqual(plain(offered({ ...data, which: "solved" })), [0, 2, 3])
  assert.deepEqual(plain(offered({ ...data, which: "failed" })), [1])
  assert.deepEqual(plain(offered({ ...data, which: "failed", order: "X Y" })), [])
})

test("steps go round, and from a puzzle that is not offered to the nearest that is", () => {
  assert.equal(stepped([0, 2, 3], 2, 1), 3)
  assert.equal(stepped([0, 2, 3], 3, 1), 0)
  assert.equal(stepped([0, 2, 3], 0, -1), 3)
  assert.equal(stepped([0, 2, 3], 1, 1), 2)
  assert.equal(stepped([0, 2, 3], 1, -1), 0)
  assert.equal(stepped([2, 3], 4, 1), 2)
  assert.equal(stepped([2, 3], 4, -1), 3)
  assert.equal(stepped([2, 3], 1, -1), 3)
  assert.equal(stepped([], 1, 1), undefined)
})

test("counts say whether more may come", () => {
  const found = counts(data)
  assert.deepEqual(plain(found), { all: 5, solved: 3, failed: 1, unknown: 1 })
  assert.equal(counted("all", found), "all (5)")
  assert.equal(counted("solved", found), "solved (3 …)")
  assert.equal(counted("failed", counts({ ...data, order: "Y X" })), "failed (1)")
  assert.equal(counted("failed", counts({ ...data, solved: "?????" })), "failed (…)")
})
