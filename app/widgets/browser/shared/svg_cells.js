// What components that draw grids as SVG have in common: sizes, elements, and words for a cell of the answer.

const SVG = "http://www.w3.org/2000/svg"
const CELL = 10
const SIDE = 10
const DARK = "#111111"
const HATCH = "M0 0l10 10M10 0l-10 10M5 0l5 5M0 5l5 5M5 0l-5 5M10 5l-5 5"

const views = new WeakMap()

function shape(name, attributes, parent) {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  parent?.appendChild(made)
  return made
}

const place = (index) => `translate(${(index % SIDE) * CELL} ${Math.floor(index / SIDE) * CELL})`

const where = (index) => `row ${Math.floor(index / SIDE) + 1}, column ${(index % SIDE) + 1}`
// The cell that a key leads to from another; undefined if the key leads to none.
function cellAfter(event, index) {
  const [row, column] = [Math.floor(index / SIDE), index % SIDE]
  const all = event.ctrlKey || event.metaKey
  const targets = {
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    Home: [all ? 0 : row, 0],
    End: [all ? SIDE - 1 : row, SIDE - 1],
  }
  if (!(event.key in targets)) return undefined
  const [i, j] = targets[event.key].map((line) => Math.min(SIDE - 1, Math.max(0, line)))
  return i * SIDE + j
}

const percent = (chance) => (chance == null ? "not finite" : chance < 0.0005 ? "< 0.1 %" : `${(100 * chance).toFixed(1)} %`) // null: no number
