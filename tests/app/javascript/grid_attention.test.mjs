import assert from "node:assert/strict"
import test from "node:test"
import { load, plain } from "./load.mjs"

const { Sheet, Store, fetched, positionOf, strongest, tokenAt, unpack, weightsOf, where } = load(
  "grid_attention/weights.js",
  ["Sheet", "Store", "fetched", "positionOf", "strongest", "tokenAt", "unpack", "weightsOf", "where"],
  { URL, setTimeout, document: { baseURI: "http://here/base/heads" }, fetch: (url) => answers.shift()(url) },
)
const answers = []

test("a cell and the position of its token lead to each other", () => {
  assert.deepEqual([0, 99, 100, 399].map(positionOf), [2, 101, 103, 404])
  for (let cell = 0; cell < 400; cell++) assert.deepEqual(plain(tokenAt(positionOf(cell))), { cell })
})

test("between the cells stand the start token and four markers", () => {
  assert.deepEqual([0, 1, 102, 203, 304].map((position) => plain(tokenAt(position)).special), [0, 1, 2, 3, 4])
})

test("a cell is told in words that count from one", () => {
  assert.equal(where(0), "row 1, column 1 of the first grid")
  assert.equal(where(329), "row 3, column 10 of the answer")
})

/** Two heads of a model with 405 positions: byte (query + key + 100 * head) mod 256 at each pair, norm = key. */
function example() {
  const [positions, firstQuery] = [405, 304]
  const [rows, before] = [[], []]
  for (const head of [0, 1])
    for (let query = 0; query < positions; query++)
      for (let key = 0; key <= query; key++) (query < firstQuery ? before : rows).push((query + key + 100 * head) % 256)
  const norms = Float32Array.from({ length: 2 * positions }, (_, k) => k % positions)
  const answer = Uint8Array.from([...new Uint8Array(norms.buffer), ...rows])
  return unpack({ heads: 2, positions, firstQuery }, answer, Uint8Array.from(before))
}

test("from a cell, the row of the position that predicts it is drawn", () => {
  const at = weightsOf(example(), 1, { cell: 300, view: "from", weighting: "attention" })
  const query = positionOf(300) - 1
  assert.equal(at[7], Math.fround(((query + 7 + 100) % 256) / 255))
  assert.equal(at[query + 1], 0)
})

test("to a cell, each query is drawn where the token stands that it predicts", () => {
  const at = weightsOf(example(), 0, { cell: 5, view: "to", weighting: "value" })
  const key = positionOf(5)
  assert.equal(at[key], 0)
  assert.equal(at[key + 11], Math.fround((((key + 10 + key) % 256) / 255) * key))
})

test("the strongest are in order, without zeros", () => {
  assert.deepEqual(plain(strongest(Float32Array.of(0, 0.5, 0, 0.75), 3)), [{ weight: 0.75, position: 3 }, { weight: 0.5, position: 1 }])
})

function sheet() {
  const made = Object.create(Sheet.prototype)
  const canvas = { width: 4 * 10 * 8 + 3 * 12, height: 80 }
  canvas.getBoundingClientRect = () => ({ left: 100, top: 50, width: canvas.width / 2, height: canvas.height / 2 })
  return Object.assign(made, { canvas, cell: 8, gap: 12, ratio: 2 })
}

test("the cell under the pointer is the one that is drawn there", () => {
  for (const cell of [0, 9, 10, 99, 100, 250, 399]) {
    const [x, y, side] = sheet().box(cell)
    const event = { clientX: 100 + (x + side / 2) / 2, clientY: 50 + (y + side / 2) / 2 }
    assert.equal(sheet().cellAt(event), cell)
  }
})

test("between two grids is no cell", () => {
  assert.equal(sheet().cellAt({ clientX: 100 + (80 + 6) / 2, clientY: 60 }), null)
})

test("what is fetched is kept, the last that was looked at longest", async () => {
  const asked = []
  const store = new Store(async (address) => (asked.push(address), Uint8Array.of(asked.length)))
  await Promise.all([store.bring("a"), store.bring("a")])
  assert.deepEqual(asked, ["a"])
  for (let k = 0; k < 23; k++) await store.bring(`${k}`)
  assert.deepEqual(plain(Array.from(store.bytes("a"))), [1])
  await store.bring("one more")
  assert.ok(store.bytes("a"))
  assert.equal(store.bytes("0"), undefined)
})

test("what fails is asked for again, now and later", async () => {
  const store = new Store(() => Promise.reject(new Error("away")))
  await assert.rejects(store.bring("a"), /away/)
  store.get = async () => Uint8Array.of(7)
  await store.bring("a")
  assert.deepEqual(plain(Array.from(store.bytes("a"))), [7])
  const asked = []
  const there = { ok: true, arrayBuffer: async () => Uint8Array.of(3).buffer }
  const away = (url) => (asked.push(url.href), { ok: false, status: 404 })
  answers.push(away, (url) => (asked.push(url.href), there))
  assert.deepEqual(plain(Array.from(await fetched("parcels/x.bin", [0.001]))), [3])
  assert.deepEqual(asked, ["http://here/base/parcels/x.bin", "http://here/base/parcels/x.bin"])
  answers.push(away, away)
  await assert.rejects(fetched("parcels/x.bin", [0.001]), /404/)
})
