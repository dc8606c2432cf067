// Attention on the grids. A layer's patterns are fetched once (weights.js); pointing, moving and enlarging are answered here,
// and only a committed choice (a click, Enter) goes to the server.
// canvas_view.js and weights.js stand before this file: the three are one module.

const ANSWER = 3
const GAP = 6
const NAMED = ["the first grid", "the second grid", "the third grid", "the answer"]
const SWATCHES = [0.01, 0.1, 0.5, 1]
const LOST = "The patterns could not be fetched from the server. Reload the page."
const VERBS = {
  from: { attention: "looks most at", value: "brings most from" },
  to: { attention: "reads it most to predict", value: "takes most from it to predict" },
}
const SWITCHES = [
  ["view", "The cell is looked at", { from: "as query", to: "as key" }],
  ["weighting", "What is drawn", { attention: "attention", value: "value-weighted" }],
  ["scale", "Opacity", { same: "shared scale", own: "per head" }],
]

function where(cell) {
  const inGrid = cell % CELLS
  return `row ${Math.floor(inGrid / SIZE) + 1}, column ${(inGrid % SIZE) + 1} of ${NAMED[Math.floor(cell / CELLS)]}`
}

// ---- drawing ------------------------------------------------------------------------------------------------------------

/** A canvas with the puzzle's four grids in a row. */
class Sheet {
  constructor(parent) {
    this.canvas = make("canvas", "sheet", parent)
  }

  /** Cells are whole device pixels, so that they are equally large and sharp. */
  fit(width) {
    const ratio = window.devicePixelRatio || 1
    const cell = Math.max(1, Math.floor(((width - 3 * GAP) * ratio) / (4 * SIZE)))
    if (this.cell === cell && this.ratio === ratio) return
    this.cell = cell
    this.ratio = ratio
    this.gap = Math.round(GAP * ratio)
    this.canvas.width = 4 * SIZE * cell + 3 * this.gap
    this.canvas.height = SIZE * cell
    this.canvas.style.width = `${this.canvas.width / ratio}px`
    this.canvas.style.height = `${this.canvas.height / ratio}px`
  }

  left(place) {
    return place * (SIZE * this.cell + this.gap)
  }

  /** The cell (0..399) under the pointer, or null between the grids. */
  cellAt(event) {
    const area = this.canvas.getBoundingClientRect()
    const x = ((event.clientX - area.left) / area.width) * this.canvas.width
    const y = ((event.clientY - area.top) / area.height) * this.canvas.height
    const place = Math.floor(x / (SIZE * this.cell + this.gap))
    const column = Math.floor((x - this.left(place)) / this.cell)
    const row = Math.floor(y / this.cell)
    const inside = place >= 0 && place < 4 && column < SIZE && row >= 0 && row < SIZE
    return inside ? place * CELLS + row * SIZE + column : null
  }

  box(cell) {
    const inGrid = cell % CELLS
    const x = this.left(Math.floor(cell / CELLS)) + (inGrid % SIZE) * this.cell
    return [x, Math.floor(inGrid / SIZE) * this.cell, this.cell, this.cell]
  }

  /** The puzzle, its colours only hinted at, so that opacity can be read. */
  paintPuzzle(data, theme, strengthOf) {
    const pen = this.canvas.getContext("2d")
    pen.globalAlpha = 1
    pen.fillStyle = theme.paper
    pen.fillRect(0, 0, this.canvas.width, this.canvas.height)
    data.cells.forEach((color, cell) => {
      if (color === 0) return
      pen.globalAlpha = strengthOf(cell)
      pen.fillStyle = data.colors[color]
      pen.fillRect(...this.box(cell))
    })
    pen.globalAlpha = 0.35
    pen.strokeStyle = theme.ink
    const side = SIZE * this.cell
    for (let place = 0; place < 4; place++) pen.strokeRect(this.left(place) + 0.5, 0.5, side - 1, side - 1)
    pen.globalAlpha = 1
  }

  paintWeights(at, full, theme) {
    const pen = this.canvas.getContext("2d")
    pen.fillStyle = theme.ink
    for (let cell = 0; cell < 4 * CELLS; cell++) {
      const weight = at[positionOf(cell)]
      if (weight <= 0 || full <= 0) continue
      pen.globalAlpha = Math.sqrt(Math.min(1, weight / full))
      pen.fillRect(...this.box(cell))
    }
    pen.globalAlpha = 1
  }

  /** A frame around a cell; a halo would hide its neighbours, so only where nothing is drawn in them. */
  outline(cell, color, halo = null) {
    const pen = this.canvas.getContext("2d")
    const wide = Math.round(1.5 * this.ratio)
    const [x, y, side] = this.box(cell)
    const lines = halo ? [[3 * wide, halo], [wide, color]] : [[wide, color]]
    for (const [width, style] of lines) {
      pen.lineWidth = width
      pen.strokeStyle = style
      pen.strokeRect(x, y, side, side)
    }
    pen.lineWidth = 1
  }
}

// ---- the component ----------------------------------------------------------------------------------------------------

class GridAttention extends CanvasView {
  constructor(parent) {
    super()
    this.state = { cell: 3 * CELLS, view: "from", weighting: "attention", head: null, scale: "same" }
    this.sent = []
    this.root = make("div", "root", parent)
    this.buildSwitches(make("div", "switches", this.root))
    const top = make("div", "top", this.root)
    this.buildSelector(make("div", "selector", top))
    const words = make("div", "words", top)
    this.said = make("p", "said", words)
    this.run = make("p", "run", words)
    this.said.setAttribute("aria-live", "polite")
    this.maps = make("div", "maps", this.root)
    this.buildEnlarged(make("div", "enlarged", this.root))
    this.legend = make("div", "legend", this.root)
    this.rule = make("p", "rule", this.root)
    this.root.addEventListener("keydown", (event) => this.onKey(event))
    this.watch()
  }

  buildSelector(parent) {
    this.titles = make("div", "titles", parent)
    this.selector = new Sheet(parent)
    const canvas = this.selector.canvas
    canvas.tabIndex = 0
    canvas.setAttribute("role", "slider")
    canvas.setAttribute("aria-label", "Cell; the arrow keys move it, Enter keeps it")
    canvas.setAttribute("aria-valuemin", "0")
    canvas.setAttribute("aria-valuemax", String(4 * CELLS - 1))
    this.follow(this.selector)
  }

  buildSwitches(parent) {
    this.buttons = []
    for (const [name, label, choices] of SWITCHES) {
      const group = make("div", "switch", parent)
      group.setAttribute("role", "group")
      group.setAttribute("aria-label", label)
      for (const [value, text] of Object.entries(choices)) {
        const button = make("button", "", group, text)
        button.addEventListener("click", () => this.choose({ [name]: value }))
        this.buttons.push({ button, name, value })
      }
    }
  }

  buildEnlarged(parent) {
    this.enlarged = parent
    const line = make("div", "line", parent)
    const step = (by) => this.choose({ head: (this.state.head + by + this.data.heads) % this.data.heads })
    const before = make("button", "name", line, "‹")
    this.title = make("span", "title", line)
    this.role = make("span", "role", line)
    const after = make("button", "name", line, "›")
    before.setAttribute("aria-label", "The head before")
    after.setAttribute("aria-label", "The head after")
    before.addEventListener("click", () => step(-1))
    after.addEventListener("click", () => step(1))
    this.chips = make("span", "chips", line)
    this.back = make("button", "name", line, "all heads (Esc)")
    this.back.addEventListener("click", () => this.shrink())
    this.large = new Sheet(parent)
    this.large.canvas.addEventListener("click", () => this.shrink())
    this.large.canvas.addEventListener("pointermove", (event) => this.readOff(this.large.cellAt(event)))
    this.large.canvas.addEventListener("pointerleave", () => this.readOff(null))
    this.readout = make("p", "readout", parent)
  }

  /** Pointing at a cell of this sheet moves the cell for as long as the pointer is there; a click keeps it. */
  follow(sheet, onOther = () => {}) {
    const target = (event) => {
      const cell = sheet.cellAt(event)
      return cell !== null && this.canBe(cell) ? cell : null
    }
    sheet.canvas.addEventListener("pointermove", (event) => {
      const cell = target(event)
      sheet.canvas.classList.toggle("takes", cell !== null)
      this.hover(cell)
    })
    sheet.canvas.addEventListener("pointerleave", () => this.hover(null))
    sheet.canvas.addEventListener("click", (event) => {
      const cell = target(event)
      if (cell === null) onOther()
      else this.choose({ cell })
    })
  }

  /** Only answer cells are asked for; any cell may be read. */
  canBe(cell, view = this.state.view) {
    return view === "to" || cell >= ANSWER * CELLS
  }

  hover(cell) {
    if (this.hovered === cell) return
    this.hovered = cell
    this.schedule()
  }

  // ---- choices ----

  choose(change) {
    const { scale, ...before } = this.state
    Object.assign(this.state, change)
    if (!this.canBe(this.state.cell)) this.state.cell = ANSWER * CELLS + (this.state.cell % CELLS)
    this.hovered = null
    this.schedule()
    if ("scale" in change) return // how dark the maps are is nobody else's business
    const { scale: _scale, ...after } = this.state
    if (this.told === this.textOf(after) && this.textOf(before) === this.told) return
    this.sent.push(this.textOf(after))
    this.send(after)
  }

  enlarge(head) {
    this.choose({ head })
    this.draw()
    this.back.focus()
  }

  shrink() {
    const head = this.state.head
    this.choose({ head: null })
    this.draw()
    this.heads[head].button.focus()
  }

  textOf({ cell, view, weighting, head }) {
    return [cell, view, weighting, head].join()
  }

  /** The server's word counts, unless it only answers what was chosen here: then newer choices may be under way. */
  adopt(choice) {
    const text = this.textOf(choice)
    const known = this.sent.indexOf(text)
    if (known >= 0) this.sent.splice(0, known + 1)
    else if (text !== this.told) {
      this.sent = []
      Object.assign(this.state, choice)
    }
    this.told = text
  }

  onKey(event) {
    if (event.key === "Escape" && this.state.head !== null) {
      event.preventDefault()
      this.shrink()
    }
    if (event.target !== this.selector.canvas) return
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key]
    if (step) this.move(...step)
    else if (event.key === "Enter" || event.key === " ") this.choose({})
    else return
    event.preventDefault()
  }

  /** One cell on; sideways from grid to grid. It is kept, and told to the server, only with Enter. */
  move(down, right) {
    const inGrid = this.state.cell % CELLS
    const row = Math.min(SIZE - 1, Math.max(0, Math.floor(inGrid / SIZE) + down))
    const across = Math.floor(this.state.cell / CELLS) * SIZE + (inGrid % SIZE) + right
    const column = Math.min(4 * SIZE - 1, Math.max(0, across))
    const cell = Math.floor(column / SIZE) * CELLS + row * SIZE + (column % SIZE)
    if (this.canBe(cell)) this.state.cell = cell
    this.hovered = null
    this.schedule()
  }

  // ---- showing ----

  /** What is drawn stays until the weights of what is new are there; at first the maps are drawn without. */
  update(data, send) {
    this.send = send
    this.newest = data
    const needed = [data.answer]
    if (data.choice.view === "to" || this.state.view === "to") needed.push(data.others)
    const missing = needed.filter((address) => !store.bytes(address))
    if (!missing.length || !this.data) this.take(data)
    if (missing.length) this.bring(missing, () => this.take(data))
  }

  /** Fetch these, then go on, unless something newer has come meanwhile. */
  bring(addresses, then) {
    const { newest } = this
    const isNewest = () => this.newest === newest && this.root.isConnected
    Promise.all(addresses.map((address) => store.bring(address))).then(
      () => isNewest() && then(),
      () => isNewest() && (this.run.textContent = LOST),
    )
  }

  take(data) {
    const answer = store.bytes(data.answer)
    this.data = answer ? unpack(data, answer, store.bytes(data.others)) : data
    this.adopt(data.choice)
    if (this.heads?.length !== data.heads) this.buildMaps()
    this.titles.replaceChildren()
    data.names.forEach((name) => make("span", "", this.titles, name))
    this.draw()
  }

  /** Whether the weights for this view are there. If they are not, they are asked for. */
  knows(view) {
    if (!this.data.rows) return false
    if (view === "from" || this.data.rowsBefore) return true
    const { data } = this
    data.rowsBefore = store.bytes(data.others)
    if (!data.rowsBefore && this.asked !== data.others) {
      this.asked = data.others
      this.bring([data.others], () => {
        this.asked = null
        this.schedule()
      })
    }
    return Boolean(data.rowsBefore)
  }

  buildMaps() {
    this.maps.replaceChildren()
    this.heads = Array.from({ length: this.data.heads }, (_, head) => {
      const holder = make("div", "map", this.maps)
      const line = make("div", "line", holder)
      const button = make("button", "name", line)
      button.addEventListener("click", () => this.enlarge(head))
      const role = make("span", "role", line)
      const chips = make("span", "chips", line)
      const most = make("span", "most", line)
      const sheet = new Sheet(holder)
      sheet.canvas.setAttribute("role", "img")
      this.follow(sheet, () => this.enlarge(head))
      return { holder, button, role, chips, most, sheet }
    })
  }

  nameOf(head) {
    return `L${this.data.layer}.H${head}`
  }

  draw() {
    cancelAnimationFrame(this.frame)
    if (!this.data || !this.root.clientWidth) return
    const shown = { ...this.state, cell: this.hovered ?? this.state.cell }
    const theme = themeOf(this.root)
    this.known = this.knows(shown.view)
    this.drawSelector(shown, theme)
    if (!this.known && this.root.dataset.weights) return // the maps stay as they are until they can be drawn
    const none = () => new Float32Array(this.data.positions)
    const all = this.heads.map((_, head) => (this.known ? weightsOf(this.data, head, shown) : none()))
    if (this.known) this.root.dataset.weights = `${this.data.answer} ${shown.view}`
    const one = this.state.head
    this.maps.hidden = one !== null
    this.enlarged.hidden = one === null
    if (one === null) this.heads.forEach((head, k) => this.drawHead(head, k, all[k], shown, theme))
    else this.drawEnlarged(one, all[one], shown, theme)
    if (this.known) this.say(all, shown)
    this.explain(shown, theme)
  }

  drawSelector(shown, theme) {
    this.selector.fit(this.selector.canvas.parentElement.clientWidth)
    this.selector.paintPuzzle(this.data, theme, (cell) => (this.canBe(cell) ? 0.65 : 0.2))
    this.selector.outline(shown.cell, theme.mark, theme.paper)
    const canvas = this.selector.canvas
    canvas.setAttribute("aria-valuenow", String(shown.cell))
    canvas.setAttribute("aria-valuetext", where(shown.cell))
    this.titles.style.width = canvas.style.width
    for (const { button, name, value } of this.buttons) {
      button.setAttribute("aria-pressed", String(this.state[name] === value))
    }
  }

  drawHead(head, k, at, shown, theme) {
    head.sheet.fit(this.maps.firstElementChild.clientWidth)
    head.holder.classList.toggle("off", this.data.off[k])
    head.holder.dataset.head = this.nameOf(k)
    head.button.textContent = `L${this.data.layer} H${k}`
    const tag = this.data.tags[k]
    head.button.setAttribute("aria-label", `Enlarge ${this.nameOf(k)}${tag ? `, ${tag.name}` : ""}`)
    this.drawRole(head.role, k)
    this.drawMaps(head.sheet, at, shown, theme)
    this.drawChips(head.chips, k, at, shown)
    head.most.textContent = this.known ? this.number(at.reduce((one, other) => Math.max(one, other), 0)) : ""
    head.most.title = "The largest weight, chips included"
    head.sheet.canvas.setAttribute("aria-label", this.most(k, at, 1, shown))
  }

  drawEnlarged(k, at, shown, theme) {
    this.large.fit(this.enlarged.clientWidth)
    this.enlarged.classList.toggle("off", this.data.off[k])
    this.title.textContent = `L${this.data.layer} H${k}`
    this.drawRole(this.role, k)
    this.drawMaps(this.large, at, shown, theme)
    this.drawChips(this.chips, k, at, shown)
    this.enlargedWeights = at
    if (this.pointed != null) this.large.outline(this.pointed, theme.ink)
    this.readout.textContent = this.reading(k, shown) ?? `${this.most(k, at, 3, shown)}. Point at a cell for its weight.`
  }

  /** What the head is called besides its number: a sign and a word. */
  drawRole(role, k) {
    const tag = this.data.tags[k]
    role.hidden = !tag
    role.textContent = tag ? `${tag.glyph} ${tag.name}` : ""
    role.title = tag?.help ?? ""
  }

  drawMaps(sheet, at, shown, theme) {
    sheet.paintPuzzle(this.data, theme, () => 0.2)
    sheet.paintWeights(at, this.fullOf(at), theme)
    sheet.outline(shown.cell, theme.mark)
  }

  /** The weight that is drawn with full opacity. */
  fullOf(at) {
    if (this.state.scale === "own") return largestOnCells(at)
    return this.state.weighting === "value" ? this.data.largest : 1
  }

  number(weight) {
    if (this.state.weighting === "attention") return weight.toFixed(2)
    if (weight >= 1e6) return weight.toExponential(1)
    return weight >= 100 ? weight.toFixed(0) : weight.toPrecision(2)
  }

  drawChips(parent, k, at, shown) {
    parent.replaceChildren()
    if (this.data.off[k]) make("span", "chip tag", parent, "ablated").title = "It writes nothing of what it looks at"
    const whole = this.state.weighting === "value" ? this.data.largest : 1
    SPECIALS.forEach((position, special) => {
      if (at[position] <= 0.01 * whole) return
      const name = special === 0 ? "start" : `[${this.data.names[special - 1]}]`
      const share = this.state.weighting === "attention" ? `${Math.round(100 * at[position])} %` : this.number(at[position])
      const chip = make("span", "chip", parent, `${shown.view === "to" ? "→ " : ""}${name} ${share}`)
      chip.title = `${shown.view === "to" ? "The query that predicts " : ""}${this.place(position)}`
    })
  }

  /** Words for the token at whose place a weight is drawn: the key, or the token that the query predicts. */
  place(position) {
    const { cell, special } = tokenAt(position)
    if (cell !== undefined) return where(cell)
    return special ? `the marker of ${NAMED[special - 1]}` : "the start token"
  }

  /** What a head does most, in words. */
  most(head, at, count, shown) {
    if (!this.known) return this.nameOf(head)
    const found = strongest(at, count).map(({ position, weight }) => `${this.place(position)}, ${this.number(weight)}`)
    const verb = VERBS[shown.view][shown.weighting]
    return `${this.nameOf(head)} ${verb} ${found.length ? found.join("; ") : "nothing"}`
  }

  /** Of all heads, the one with the largest weight on a cell is named: many rest on the start token. */
  say(all, shown) {
    const largest = all.map(largestOnCells)
    const head = this.state.head ?? largest.indexOf(Math.max(...largest))
    const place = where(shown.cell)
    this.said.textContent = `${place[0].toUpperCase()}${place.slice(1)}: ${this.most(head, all[head], 1, shown)}.`
    this.run.textContent = this.data.note && `In ${this.data.note}.`
  }

  readOff(cell) {
    if (this.pointed === cell) return
    this.pointed = cell
    this.schedule()
  }

  /** The weight between the chosen cell and the one under the pointer, in full; nothing if there is none. */
  reading(k, shown) {
    if (this.pointed == null || !this.known) return null
    const [asking, read] = shown.view === "from" ? [shown.cell, this.pointed] : [this.pointed, shown.cell]
    const [query, key] = [positionOf(asking) - 1, positionOf(read)]
    const pair = `Key ${key} (${where(read)}), query ${query} (predicts ${where(asking)})`
    if (key > query) return `${pair}: nothing, for the key comes after the query.`
    const attention = level(this.data, k, query, key) / 255
    if (shown.weighting === "attention") return `${pair}: ${attention.toFixed(3)}`
    const norm = this.data.norms[k * this.data.positions + key]
    return `${pair}: ${attention.toFixed(3)} × norm ${norm.toPrecision(3)} = ${(attention * norm).toPrecision(3)}`
  }

  explain(shown, theme) {
    const query = positionOf(shown.cell) - 1
    this.rule.textContent =
      shown.view === "from"
        ? `Logits at a position predict the next token: shown is where position ${query} looks, the one before the outlined cell. Chips: the start token and the markers.`
        : "The outlined cell is the key. Each query is drawn on the cell that it predicts, one place after its own position. Chips: queries that predict a marker."
    this.legend.replaceChildren()
    const own = this.state.scale === "own"
    const value = this.state.weighting === "value"
    make("span", "", this.legend, `Opacity ∝ √(${value ? "attention × ‖v W_O‖" : "attention"}):`)
    for (const part of SWATCHES) {
      const swatch = make("span", "swatch", this.legend)
      swatch.style.background = theme.ink
      swatch.style.opacity = Math.sqrt(part)
      make("span", "", this.legend, own ? `${100 * part} %` : this.number(part * (value ? this.data.largest : 1)))
    }
    make("span", "", this.legend, own ? "of the head’s largest on a cell" : value ? "(the layer’s largest)" : "")
  }
}

export default component(GridAttention, "choice", (data) => data)
