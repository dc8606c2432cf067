// The weights of a layer: where they are fetched, what they are for a cell, and of which tokens.

const SIZE = 10
const CELLS = SIZE * SIZE
const GRID_TOKENS = CELLS + 1
const SPARED = 24 // layers whose bytes are kept, as for steps back and forth
const PAUSES = [0.2, 0.5, 1, 2, 4, 8] // seconds, before what was not there is asked for again

// ---- positions: the start token, then four times a marker and its cells --------------------------------------------

const positionOf = (cell) => 2 + GRID_TOKENS * Math.floor(cell / CELLS) + (cell % CELLS)

/** What stands at a position: a cell (0..399), or a special token (0: start, 1..4: markers). */
function tokenAt(position) {
  const inGrid = (position - 1) % GRID_TOKENS
  const place = Math.floor((position - 1) / GRID_TOKENS)
  if (position === 0 || inGrid === 0) return { special: position === 0 ? 0 : place + 1 }
  return { cell: place * CELLS + inGrid - 1 }
}

const SPECIALS = [0, 1, 2, 3, 4].map((k) => (k === 0 ? 0 : 1 + (k - 1) * GRID_TOKENS))

// ---- fetching ---------------------------------------------------------------------------------------------------------

/** What stands under addresses: bytes that are there, or the promise of bytes. */
class Store {
  constructor(get) {
    this.get = get
    this.there = new Map()
    this.coming = new Map()
  }

  /** The bytes, if they are there; else nothing. */
  bytes(address) {
    const found = this.there.get(address)
    if (found) {
      this.there.delete(address) // the last that was looked at is the last to go
      this.there.set(address, found)
    }
    return found
  }

  /** Ends when they are there. */
  bring(address) {
    if (this.there.has(address)) return Promise.resolve()
    if (!this.coming.has(address)) {
      const keep = (bytes) => {
        this.there.set(address, bytes)
        if (this.there.size > SPARED) this.there.delete(this.there.keys().next().value)
      }
      this.coming.set(address, this.get(address).then(keep).finally(() => this.coming.delete(address)))
    }
    return this.coming.get(address)
  }
}

/** The bytes under an address, asked for again where the server or the network was away for a moment. */
async function fetched(address, pauses = PAUSES) {
  try {
    const answer = await fetch(new URL(address, document.baseURI))
    if (!answer.ok) throw new Error(`${answer.status}`)
    return new Uint8Array(await answer.arrayBuffer())
  } catch (error) {
    if (!pauses.length) throw error
    await new Promise((resolve) => setTimeout(resolve, 1000 * pauses[0]))
    return fetched(address, pauses.slice(1))
  }
}

const store = new Store(fetched)

// ---- weights ----------------------------------------------------------------------------------------------------------

const triangle = (rows) => (rows * (rows + 1)) / 2

/** The norms (float32) and, of each head, the rows from the first that predicts the answer on; then those before, if known. */
function unpack(header, answer, others) {
  const end = 4 * header.heads * header.positions
  const norms = new Float32Array(answer.slice(0, end).buffer)
  return { ...header, norms, rows: answer.subarray(end), rowsBefore: others }
}

/** A weight in steps of 1/255; row by row the lower triangle of each head, cut in two. */
function level(data, head, query, key) {
  const cut = triangle(data.firstQuery)
  const entry = triangle(query) + key
  if (entry < cut) return data.rowsBefore[head * cut + entry]
  return data.rows[head * (triangle(data.positions) - cut) + entry - cut]
}
/**
 * What one head's maps show, by the position at which it is drawn. From a cell: the row of the position that predicts
 * it, each key at its own place. To a cell: the column of that key, each query at the place of the token it predicts.
 */
function weightsOf(data, head, { cell, view, weighting }) {
  const at = new Float32Array(data.positions)
  const weight = (query, key) => {
    const share = level(data, head, query, key) / 255
    return weighting === "value" ? share * data.norms[head * data.positions + key] : share
  }
  if (view === "from") {
    const query = positionOf(cell) - 1
    for (let key = 0; key <= query; key++) at[key] = weight(query, key)
  } else {
    const key = positionOf(cell)
    for (let query = key; query < data.positions - 1; query++) at[query + 1] = weight(query, key)
  }
  return at
}

/** The strongest positions, strongest first; those at zero are left out. */
function strongest(at, count) {
  return Array.from(at, (weight, position) => ({ weight, position }))
    .filter(({ weight }) => weight > 0)
    .sort((one, other) => other.weight - one.weight)
    .slice(0, count)
}

function largestOnCells(at) {
  let largest = 0
  for (let cell = 0; cell < 4 * CELLS; cell++) largest = Math.max(largest, at[positionOf(cell)])
  return largest
}
