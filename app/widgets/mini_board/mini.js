// All components as small tiles. A click is drawn at once and told to the server, which says what is ablated then.

/** The components of a layer, in the order in which they stand. */
const partsOf = (layer, heads) => [`L${layer}.attn`, ...Array.from({ length: heads }, (_, head) => `L${layer}.H${head}`), `L${layer}.mlp`]

/** Where an arrow key leads to from a place; the same place if nowhere. */
function placeAfter(key, [row, column], [rows, columns]) {
  const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key] ?? [0, 0]
  return [Math.max(0, Math.min(rows - 1, row + down)), Math.max(0, Math.min(columns - 1, column + right))]
}

class Mini {
  constructor(parent) {
    this.root = make("div", "root", parent)
    this.root.setAttribute("role", "grid")
    this.root.setAttribute("aria-label", "Components: click to ablate or restore")
    this.root.addEventListener("keydown", (event) => this.key(event))
    this.at = [0, 0]
  }

  update(data, trigger) {
    this.trigger = trigger
    this.off = new Set(data.off)
    if (this.layers !== data.layers || this.heads !== data.heads) this.build(data)
    this.draw()
  }

  build({ layers, heads }) {
    Object.assign(this, { layers, heads, at: [0, 0] })
    this.root.replaceChildren()
    this.tiles = Array.from({ length: layers }, (_, layer) => {
      const row = make("div", "row", this.root)
      row.setAttribute("role", "row")
      return partsOf(layer, heads).map((part, column) => this.tile(row, part, [layer, column]))
    })
  }

  tile(row, part, at) {
    const cell = make("div", part.includes(".H") ? "cell" : "cell wide", row)
    cell.setAttribute("role", "gridcell")
    const button = make("button", "", cell)
    button.type = "button"
    button.addEventListener("click", () => this.click(part))
    button.addEventListener("focus", () => this.stopAt(at))
    return { part, button }
  }

  draw() {
    this.tiles.forEach((row, layer) =>
      row.forEach(({ part, button }, column) => {
        const off = this.off.has(part)
        const implied = !off && part.includes(".H") && this.off.has(`L${layer}.attn`)
        button.setAttribute("aria-pressed", String(off))
        button.setAttribute("aria-label", implied ? `${part}, ablated with its layer` : part)
        button.title = off || implied ? `${part}: ablated` : part
        button.classList.toggle("implied", implied)
        button.tabIndex = layer === this.at[0] && column === this.at[1] ? 0 : -1
      }),
    )
  }

  click(part) {
    if (!this.off.delete(part)) this.off.add(part)
    this.draw()
    this.trigger("part", part)
  }

  stopAt(at) {
    this.at = at
    this.draw()
  }

  key(event) {
    if (!event.key.startsWith("Arrow")) return
    event.preventDefault()
    event.stopPropagation()
    const [row, column] = placeAfter(event.key, this.at, [this.layers, this.heads + 2])
    this.tiles[row][column].button.focus()
  }
}

const boards = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  let board = boards.get(parentElement)
  if (board?.root.parentNode !== parentElement) boards.set(parentElement, (board = new Mini(parentElement)))
  board.update(data, setTriggerValue)
}
