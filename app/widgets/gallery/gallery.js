// Puzzles as small pictures. The pictures are drawn here; what is chosen is told to the server.
const GRID = 10
const DOT = 5 // pixels of a cell
const GAPS = [0, 3, 8, 11] // cells before each grid: between a pair's two grids, and between the pairs
const WIDE = 4 * GRID + 11

class Gallery {
  constructor(parent) {
    this.root = make("div", "root", parent)
    const head = make("div", "head", this.root)
    this.total = make("span", "total", head)
    this.total.setAttribute("role", "status")
    this.turns = make("div", "turns", head)
    this.back = this.press(this.turns, "‹", "The puzzles before (Page up)", () => this.turn(-1))
    this.at = make("span", "at", this.turns)
    this.forth = this.press(this.turns, "›", "More puzzles (Page down)", () => this.turn(1))
    this.list = make("div", "list", this.root)
    this.list.setAttribute("role", "group")
    this.list.setAttribute("aria-label", "Puzzles")
    this.list.addEventListener("keydown", (event) => this.key(event))
  }

  press(parent, text, label, act, className = "press") {
    const button = make("button", className, parent, text)
    button.type = "button"
    button.title = label
    button.setAttribute("aria-label", label)
    button.addEventListener("click", act)
    return button
  }

  update(data, trigger) {
    this.trigger = trigger
    const before = this.data
    this.data = data
    this.total.textContent = data.total
    this.turns.hidden = data.pages < 2
    this.at.textContent = `${data.page} / ${data.pages}`
    this.back.disabled = data.page <= 1
    this.forth.disabled = data.page >= data.pages
    if (JSON.stringify(before) === JSON.stringify(data)) return
    const active = this.root.getRootNode().activeElement
    const focused = this.tiles?.findIndex(({ open }) => open === active) ?? -1
    this.list.replaceChildren()
    this.tiles = data.tiles.map((told) => this.tile(told))
    this.stop(Math.max(0, Math.min(focused, this.tiles.length - 1)))
    if (focused >= 0) this.tiles[before.page === data.page ? Math.min(focused, this.tiles.length - 1) : 0]?.open.focus()
  }

  say(act, number) {
    this.trigger("wish", { act, number })
  }

  tile(told) {
    const node = make("div", told.picked ? "tile picked" : "tile", this.list)
    const name = [told.title, told.about, told.note].filter(Boolean).join(", ")
    const open = this.press(node, "", `Open on the workbench: ${name}`, () => this.say("open", told.number), "open")
    open.dataset.number = told.number
    this.picture(told.cells, open)
    const line = make("div", "line", node)
    const title = make("span", "title", line, told.title)
    title.title = name
    if (told.note) make("span", told.bad ? "note bad" : "note", line, told.note)
    const pick = this.press(line, told.picked ? "☑" : "☐", `${told.picked ? "Picked" : "Pick"}: ${name}`, () => this.say("pick", told.number), "small pick")
    pick.setAttribute("aria-pressed", told.picked)
    this.press(line, "✎", `Paint: ${name}`, () => this.say("paint", told.number), "small paint")
    return { node, open, told }
  }

  picture(cells, parent) {
    const canvas = make("canvas", "picture", parent)
    canvas.setAttribute("aria-hidden", "true")
    canvas.width = DOT * WIDE
    canvas.height = DOT * GRID
    const pen = canvas.getContext("2d")
    Array.from(cells, (digit) => parseInt(digit, 16)).forEach((colour, cell) => {
      const [place, index] = [Math.floor(cell / (GRID * GRID)), cell % (GRID * GRID)]
      pen.fillStyle = this.data.colors[colour]
      pen.fillRect(DOT * (place * GRID + GAPS[place] + (index % GRID)), DOT * Math.floor(index / GRID), DOT, DOT)
    })
  }

  // ---- keys ----

  stop(at) {
    this.tiles.forEach(({ node, open }, k) => {
      open.tabIndex = k === at ? 0 : -1
      for (const small of node.querySelectorAll(".small")) small.tabIndex = k === at ? 0 : -1
    })
  }

  focus(at) {
    this.stop(at)
    this.tiles[at].open.focus()
  }

  turn(by) {
    const page = this.data.page + by
    if (page >= 1 && page <= this.data.pages) this.say("page", page)
  }

  get columns() {
    const tops = this.tiles.map(({ node }) => node.offsetTop)
    return tops.filter((top) => top === tops[0]).length
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const at = this.tiles.findIndex(({ node }) => node.contains(event.target))
    if (at < 0) return
    const { number } = this.tiles[at].told
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns }
    const ends = { Home: 0, End: this.tiles.length - 1 }
    if (event.key in steps) {
      const to = at + steps[event.key]
      if (to in this.tiles) this.focus(to)
    } else if (event.key in ends) this.focus(ends[event.key])
    else if (event.key === "PageDown" || event.key === "PageUp") this.turn(event.key === "PageDown" ? 1 : -1)
    else if (event.key === " " && event.target === this.tiles[at].open) this.say("pick", number)
    else if (event.key === "e") this.say("paint", number)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
}

const galleries = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  let gallery = galleries.get(parentElement)
  if (gallery?.root.parentNode !== parentElement) galleries.set(parentElement, (gallery = new Gallery(parentElement)))
  gallery.update(data, setTriggerValue)
}
