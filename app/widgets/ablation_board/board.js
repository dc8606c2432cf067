// The board: draws at once what is clicked, tells the server what is wanted, and takes over what the server then says.
const HINT = "Click to ablate it, shift-click for a range."
const UNKNOWN = ["transparent", "inherit", "inherit", "", "not measured yet", "not measured yet", false]
const boards = new WeakMap()

class Board {
  constructor(parent, data) {
    this.data = data
    this.anchor = null
    this.at = [0, 0]
    this.root = make("div", "board", parent)
    this.wishes = new Wishes(this.root)
    this.news = new News(this.root, (news) => this.update(news, this.wishes.trigger))
    this.grid = withRole(make("div", "grid", this.root), "grid", "Components: layers by attention, heads and MLP")
    this.makeProgress()
    this.readout = make("div", "readout", this.root)
    const tools = make("div", "tools", this.root)
    this.methods = new Methods(tools, data.methods, (method) => this.wish({ kind: "method", method }))
    this.steps = new Steps(tools, (kind) => this.wish({ kind }))
    this.legend = make("div", "legend", this.root)
    this.signs = make("div", "signs", this.root)
    this.chips = new Chips(this.root, this.methods, (parts, off, method) => this.switch(parts, off, method))
    this.makeText()
    this.root.addEventListener("keydown", (event) => this.key(event))
    this.grid.addEventListener("pointerleave", () => this.say(""))
    this.grid.addEventListener("focusout", () => this.say(""))
  }

  makeProgress() {
    this.progress = make("div", "progress", this.root)
    this.bar = make("div", "bar", make("div", "track", this.progress))
    this.status = make("span", "status", this.progress)
    this.stop = button("link", this.progress, "stop", "Stop measuring", () => this.wish({ kind: "stop" }))
    this.exact = button("link", this.progress, "measure now", "Measure exact values now", () => this.wish({ kind: "measure" }))
  }

  makeText() {
    const line = make("label", "text", this.root, "Ablation spec")
    this.text = make("input", "", line)
    Object.assign(this.text, { type: "text", spellcheck: false, placeholder: this.data.placeholder })
    this.text.addEventListener("keydown", (event) => {
      event.stopPropagation()
      if (event.key === "Enter") this.wish({ kind: "text", text: this.text.value })
      if (event.key === "Escape") this.text.value = this.data.text
    })
    this.error = withRole(make("div", "error", this.root), "alert")
  }

  // ---- what is wanted ----------------------------------------------------------------------------------------------

  wish(wish) {
    this.wishes.add(wish)
    this.draw()
  }

  // What is done to a component by a method that need not fit it.
  fitting(text, part) {
    return this.methods.of(text).kinds.includes(kindOf(part)) ? text : this.data.defaultMethod
  }

  // What is off once the server has heard everything; undo, redo and texts are for it to tell.
  now() {
    let off = { ...this.data.off }
    let method = this.data.method
    for (const wish of this.wishes.pending) {
      if (wish.kind === "reset") off = {}
      else if (wish.kind === "method") method = wish.method
      else if (wish.kind === "switch")
        for (const part of wish.parts) {
          if (!wish.off) delete off[part]
          else off[part] = this.fitting(wish.method, part)
        }
    }
    return { off, method }
  }

  switch(parts, off, method = this.now().method) {
    this.wish({ kind: "switch", parts, off, method })
  }

  // Headers switch a whole row or column: on again only if all of it is off.
  switchAll(parts) {
    const { off } = this.now()
    this.anchor = null
    this.switch(parts, !parts.every((part) => part in off))
  }

  click(row, column, event) {
    const off = !(this.part(row, column) in this.now().off)
    if (event.shiftKey && this.anchor) {
      const [r, c, state] = this.anchor
      const parts = []
      for (let i = Math.min(r, row); i <= Math.max(r, row); i++)
        for (let j = Math.min(c, column); j <= Math.max(c, column); j++) parts.push(this.part(i, j))
      this.switch(parts, state)
    } else {
      this.anchor = [row, column, off]
      this.switch([this.part(row, column)], off)
    }
  }

  part(row, column) {
    return `L${row}.${this.columns[column]}`
  }

  key(event) {
    if ((event.ctrlKey || event.metaKey) && ["z", "y"].includes(event.key.toLowerCase())) {
      event.preventDefault()
      this.wish({ kind: event.key.toLowerCase() === "y" || event.shiftKey ? "redo" : "undo" })
      return
    }
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }
    const ends = { Home: [0, -this.at[1]], End: [0, this.columns.length - 1 - this.at[1]] }
    const step = steps[event.key] ?? ends[event.key]
    if (!step || !this.grid.contains(event.target)) return
    event.preventDefault()
    const bound = (value, most) => Math.min(Math.max(value, -1), most)
    const [row, column] = [bound(this.at[0] + step[0], this.data.layers - 1), bound(this.at[1] + step[1], this.columns.length - 1)]
    if (row === -1 && column === -1) return
    this.focusable(row, column).focus()
  }

  focusable(row, column) {
    return this.grid.querySelector(`[data-at="${row},${column}"]`)
  }

  moved(row, column) {
    const before = this.focusable(...this.at)
    if (before) before.tabIndex = -1
    this.at = [row, column]
    this.focusable(row, column).tabIndex = 0
  }

  say(text) {
    this.readout.textContent = text || [this.data.headline, HINT].filter(Boolean).join(" ")
    this.readout.classList.toggle("told", Boolean(text))
  }

  // ---- drawing -----------------------------------------------------------------------------------------------------

  update(data, trigger) {
    this.wishes.heard(data.seen, trigger)
    const shape = [data.layers, data.heads].join()
    this.data = data
    if (shape !== this.shape) this.build(data)
    this.shape = shape
    if (this.text !== document.activeElement && this.text !== this.text.getRootNode().activeElement) this.text.value = data.text
    this.draw()
  }

  build({ layers, heads }) {
    this.columns = ["attn", ...Array.from({ length: heads }, (_, head) => `H${head}`), "mlp"]
    this.grid.replaceChildren()
    this.grid.style.gridTemplateColumns = `2.1rem 1.35fr repeat(${heads}, minmax(0, 1fr)) 1.35fr`
    this.grid.style.setProperty("--columns", heads + 2)
    this.at = [0, 0]
    this.tiles = {}
    const rows = Array.from({ length: layers }, (_, row) => row)
    const top = withRole(make("div", "row", this.grid), "row")
    withRole(make("div", "cell", top), "gridcell")
    this.columns.forEach((name, column) => {
      const parts = rows.map((row) => this.part(row, column))
      this.header(top, name, -1, column, parts, `${name} of every layer`).dataset.column = name
    })
    for (const row of rows) {
      const line = withRole(make("div", "row", this.grid), "row")
      const parts = [`L${row}.attn`, `L${row}.mlp`]
      this.header(line, `L${row}`, row, -1, parts, `layer ${row}: attention and MLP`).dataset.row = `L${row}`
      this.columns.forEach((_, column) => this.tile(line, row, column))
    }
    this.moved(0, 0)
  }

  header(line, text, row, column, parts, label) {
    const cell = withRole(make("div", "cell", line), row === -1 ? "columnheader" : "rowheader", text)
    const head = button("header", cell, text, `Switch ${label}`, () => this.switchAll(parts))
    head.title = `Switch ${label}`
    this.place(head, row, column)
    return head
  }

  tile(line, row, column) {
    const part = this.part(row, column)
    const cell = withRole(make("div", "cell", line), "gridcell")
    const tile = button("tile", cell, "", "", (event) => this.click(row, column, event))
    tile.dataset.part = part
    for (const name of ["rank", "badge", "number", "glyph"]) make("span", name, tile)
    this.place(tile, row, column)
    for (const name of ["pointerenter", "focus"]) tile.addEventListener(name, () => this.say(this.describe(part)))
    this.tiles[part] = tile
  }

  place(element, row, column) {
    element.dataset.at = `${row},${column}`
    element.tabIndex = -1
    element.addEventListener("focus", () => this.moved(row, column))
  }

  // The read-out of a component.
  describe(part) {
    const { off } = this.now()
    const [, , , , , words] = this.data.tiles[part] ?? UNKNOWN
    const role = this.data.marks[part]?.[1]
    const state = part in off ? ` · now ${this.methods.how(off[part])}` : ""
    const pinned = this.data.pinned[part]?.[2] ? ` · ${this.data.pinned[part][2]}` : ""
    const named = role ? ` (${role})` : "" // where there are two effects to tell, they come first
    return this.data.against === "alone"
      ? `${part}${named} alone: ${words}${state}${pinned}`
      : `${part} ${this.data.against}: ${words}${state}${pinned}${named}`
  }

  draw() {
    const { data } = this
    const { off, method } = this.now()
    for (const [part, tile] of Object.entries(this.tiles)) this.drawTile(part, tile, off)
    this.drawLegend()
    this.chips.draw(data.chips)
    this.methods.draw(method)
    this.steps.draw({ undo: data.canUndo || this.wishes.pending.length, redo: data.canRedo, reset: Object.keys(off).length })
    if (!this.readout.classList.contains("told")) this.say("")
    this.status.textContent = data.status
    this.signs.textContent = data.signs
    this.bar.style.width = `${100 * (data.progress ?? 0)}%`
    this.progress.classList.toggle("busy", data.progress != null)
    this.stop.hidden = data.progress == null || data.waits
    this.exact.hidden = !data.waits
    this.error.textContent = data.error
    this.grid.hidden = this.readout.hidden = !data.hasTiles
  }

  drawTile(part, tile, off) {
    const { data, methods } = this
    const [colour, onLight, onDark, number, label, , approximate] = data.tiles[part] ?? UNKNOWN
    const isOff = part in off
    const whole = off[`${part.split(".")[0]}.attn`]
    const implied = Boolean(!isOff && part.includes(".H") && whole && methods.of(whole).silences)
    const costliest = part === data.costliest
    const [glyph, role] = data.marks[part] ?? ["", ""]
    tile.style.setProperty("--cost", colour)
    const [pinned, beneath, pinnedWords] = data.pinned[part] ?? [false, null, ""]
    tile.style.setProperty("--beneath", beneath ?? "transparent")
    tile.style.setProperty("--on-light", onLight)
    tile.style.setProperty("--on-dark", onDark)
    for (const [name, is] of Object.entries({ off: isOff, implied, costliest, approximate, pinned, second: beneath !== null, pending: !(part in data.tiles) }))
      tile.classList.toggle(name, is)
    const badge = isOff ? filled(methods.of(off[part]).badge, off[part]) : ""
    const written = { rank: costliest ? "1" : "", badge, number: badge.length > 2 ? "" : number, glyph }
    tile.parentElement.classList.toggle("ranked", costliest)
    tile.classList.toggle("crowded", Boolean(written.glyph && written.number))
    for (const span of tile.children) if (span.textContent !== written[span.className]) span.textContent = written[span.className]
    tile.setAttribute("aria-pressed", String(isOff))
    tile.setAttribute("aria-label", tileName(part, this.stateOf(off[part], implied), label, role, costliest, pinnedWords))
  }

  stateOf(method, implied) {
    if (method === undefined) return implied ? "ablated with its layer" : ""
    return method === this.data.defaultMethod ? "ablated" : `ablated, ${this.methods.how(method)}`
  }

  drawLegend() {
    const key = JSON.stringify(this.data.legend)
    if (key !== this.legendKey) drawLegend(this.legend, this.data.legend)
    this.legendKey = key
  }
}

// What a tile is called: "L1.attn, ablated, breaks 27 cells, costliest".
function tileName(part, state, label, role, costliest, pinned) {
  return [part, role, state, label, costliest ? "costliest" : "", pinned].filter(Boolean).join(", ")
}

export default function ({ data, parentElement, setTriggerValue }) {
  if (!boards.has(parentElement)) boards.set(parentElement, new Board(parentElement, data))
  const board = boards.get(parentElement)
  board.update(board.news.now(data), setTriggerValue)
}
