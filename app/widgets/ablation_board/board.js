// The board: draws at once what is clicked, tells the server what is wanted, and takes over what the server then says.
const HINT = "Point at a component: its ablation effect. Click to ablate or restore it, shift-click for a range."
const REPEAT = 1500 // milliseconds after which wishes that were not heard are said again
const PATIENCE = 4 // repeats after which the whole page is asked to run: the server may not know this board any more
const boards = new WeakMap()

// A method's text is its name, or its name = a number; what a method is called, and what it fits, are the server's data.
const nameOf = (text) => text.split("=")[0]
const numberOf = (text) => text.split("=")[1]
const filled = (words, text) => words.replace("{}", numberOf(text))
const kindOf = (part) => (part.includes(".H") ? "head" : part.split(".")[1])

function button(className, parent, text, label, onClick) {
  const element = make("button", className, parent, text)
  element.type = "button"
  if (label) element.setAttribute("aria-label", label)
  element.addEventListener("click", onClick)
  return element
}

class Board {
  constructor(parent, data) {
    this.data = data
    this.client = Math.random().toString(36).slice(2)
    this.said = 0 // number of the last wish
    this.pending = [] // wishes that the server has not answered yet, the last one numbered `said`
    this.anchor = null
    this.at = [0, 0]
    this.root = make("div", "board", parent)
    this.presets = make("div", "presets", this.root)
    this.presets.setAttribute("role", "group")
    this.presets.setAttribute("aria-label", "Experiments of the original notebook")
    this.look = make("div", "look", this.root)
    this.grid = make("div", "grid", this.root)
    this.grid.setAttribute("role", "grid")
    this.grid.setAttribute("aria-label", "Components: layers by attention, heads and MLP")
    this.readout = make("div", "readout", this.root, HINT)
    this.legend = make("div", "legend", this.root)
    this.progress = make("div", "progress", this.root)
    this.bar = make("div", "bar", make("div", "track", this.progress))
    this.status = make("span", "status", this.progress)
    this.stop = button("link", this.progress, "stop", "Stop measuring", () => this.wish({ kind: "stop" }))
    this.tools = make("div", "tools", this.root)
    this.methods = make("div", "methods", this.tools)
    this.makeMethods()
    const history = make("div", "history", this.tools)
    for (const kind of ["undo", "redo", "reset"])
      this[kind] = button("link", history, kind, kind === "reset" ? "Remove the ablation" : "", () => this.wish({ kind }))
    this.chips = make("div", "chips", this.root)
    this.makeText()
    this.root.addEventListener("keydown", (event) => this.key(event))
    this.grid.addEventListener("pointerleave", () => this.say(""))
  }

  makeMethods() {
    const { methods } = this
    methods.setAttribute("role", "group")
    methods.setAttribute("aria-label", "How the next component is ablated")
    make("span", "label", methods, "Ablation method")
    this.choices = {}
    this.numbers = {}
    for (const { name, label, help, parameter } of this.data.methods) {
      this.choices[name] = button("choice", methods, label, "", () => this.setMethod(name))
      this.choices[name].title = help
      if (parameter) this.makeNumber(name, parameter)
    }
  }

  makeNumber(name, { label, least, most, usual }) {
    const input = (this.numbers[name] = make("input", "number", this.methods))
    Object.assign(input, { type: "number", min: least, max: most, value: usual })
    input.setAttribute("aria-label", label)
    input.addEventListener("change", () => this.setMethod(name))
  }

  method(text) {
    return this.data.methods.find((method) => method.name === nameOf(text))
  }

  how(text) {
    return filled(this.method(text).done, text)
  }

  // What is done to a part by a method that need not fit it.
  fitting(text, part) {
    return this.method(text).kinds.includes(kindOf(part)) ? text : this.data.defaultMethod
  }

  textOf({ name, parameter }) {
    if (!parameter) return name
    const { least, most } = parameter
    return `${name}=${Math.min(most, Math.max(least, Math.round(Number(this.numbers[name].value)) || least))}`
  }

  makeText() {
    const line = make("label", "text", this.root, "As text")
    this.text = make("input", "", line)
    Object.assign(this.text, { type: "text", spellcheck: false, placeholder: this.data.placeholder })
    this.text.addEventListener("keydown", (event) => {
      event.stopPropagation()
      if (event.key === "Enter") this.wish({ kind: "text", text: this.text.value })
      if (event.key === "Escape") this.text.value = this.data.text
    })
    this.error = make("div", "error", this.root)
    this.error.setAttribute("role", "alert")
  }

  // ---- what is wanted ----------------------------------------------------------------------------------------------

  setMethod(name) {
    this.wish({ kind: "method", method: this.textOf(this.method(name)) })
  }

  wish(wish) {
    this.pending.push(wish)
    this.said += 1
    this.repeats = 0
    this.send()
    this.draw()
  }

  send() {
    if (!this.pending.length) return
    const first = this.said - this.pending.length + 1
    this.trigger("wishes", { client: this.client, first, wishes: this.pending })
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.root.isConnected && this.repeat(), REPEAT)
  }

  repeat() {
    this.repeats += 1
    if (this.repeats % PATIENCE === 0) window.dispatchEvent(new Event("puzzlescope:unheard"))
    this.send()
  }

  // What is off once the server has heard everything; undo, redo and texts are for it to tell.
  now() {
    let off = { ...this.data.off }
    let method = this.data.method
    for (const wish of this.pending) {
      if (wish.kind === "reset") off = {}
      else if (wish.kind === "method") method = wish.method
      else if (wish.kind === "preset") off = { ...this.data.presets.find((preset) => preset.name === wish.name).off }
      else if (wish.kind === "switch")
        for (const part of wish.parts) {
          if (!wish.off) delete off[part]
          else off[part] = this.fitting(wish.method, part)
        }
    }
    return { off, method }
  }

  switch(parts, off) {
    this.wish({ kind: "switch", parts, off, method: this.now().method })
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
    const step = steps[event.key]
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
    this.readout.textContent = text || HINT
  }

  // ---- drawing -----------------------------------------------------------------------------------------------------

  update(data, trigger) {
    this.trigger = trigger
    const [client, number] = data.seen
    const heard = client === this.client ? number : 0
    const unheard = Math.max(0, this.said - heard)
    if (unheard < this.pending.length) this.pending.splice(0, this.pending.length - unheard)
    if (!this.pending.length) clearTimeout(this.timer)
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
    this.at = [0, 0]
    this.tiles = {}
    const rows = Array.from({ length: layers }, (_, row) => row)
    const top = make("div", "row", this.grid)
    top.setAttribute("role", "row")
    make("span", "corner", top)
    this.columns.forEach((name, column) => {
      const parts = rows.map((row) => this.part(row, column))
      const head = this.header(top, name, -1, column, parts, `${name} of every layer`)
      head.dataset.column = name
    })
    for (const row of rows) {
      const line = make("div", "row", this.grid)
      line.setAttribute("role", "row")
      const parts = [`L${row}.attn`, `L${row}.mlp`]
      this.header(line, `L${row}`, row, -1, parts, `layer ${row}: attention and MLP`).dataset.row = `L${row}`
      this.columns.forEach((_, column) => this.tile(line, row, column))
    }
    this.moved(0, 0)
  }

  header(parent, text, row, column, parts, label) {
    const head = button("header", parent, text, `Switch ${label}`, () => this.switchAll(parts))
    head.title = `Switch ${label}`
    this.place(head, row, column)
    return head
  }

  tile(parent, row, column) {
    const part = this.part(row, column)
    const tile = button("tile", parent, "", "", (event) => this.click(row, column, event))
    tile.setAttribute("role", "gridcell")
    tile.dataset.part = part
    this.place(tile, row, column)
    for (const name of ["pointerenter", "focus"]) tile.addEventListener(name, () => this.say(this.describe(part)))
    this.tiles[part] = tile
  }

  place(element, row, column) {
    element.dataset.at = `${row},${column}`
    element.tabIndex = -1
    element.addEventListener("focus", () => this.moved(row, column))
  }

  describe(part) {
    const tile = this.data.tiles[part]
    const { off } = this.now()
    const state = part in off ? `, now ${this.how(off[part])}` : ""
    return tile ? `${part} ablated: ${tile[2]}${state}` : `${part}: not measured yet${state}`
  }

  draw() {
    const { data } = this
    const { off, method } = this.now()
    for (const [part, tile] of Object.entries(this.tiles)) this.drawTile(part, tile, off)
    this.drawPresets(off)
    this.drawLegend()
    this.drawChips()
    for (const [name, choice] of Object.entries(this.choices))
      choice.setAttribute("aria-pressed", String(name === nameOf(method)))
    for (const [name, input] of Object.entries(this.numbers)) {
      input.hidden = name !== nameOf(method)
      if (!input.hidden && input.getRootNode().activeElement !== input) input.value = numberOf(method)
    }
    this.undo.disabled = !data.canUndo && !this.pending.length
    this.redo.disabled = !data.canRedo
    this.reset.disabled = !Object.keys(off).length
    this.status.textContent = data.status
    this.bar.style.width = `${100 * (data.progress ?? 0)}%`
    this.progress.classList.toggle("busy", data.progress != null)
    this.stop.hidden = data.progress == null
    this.error.textContent = data.error
    this.grid.hidden = this.readout.hidden = !data.hasTiles
  }

  drawTile(part, tile, off) {
    const [colour, label, , approximate] = this.data.tiles[part] ?? ["transparent", "not measured yet", "", false]
    const layer = part.split(".")[0]
    const isOff = part in off
    const whole = off[`${layer}.attn`]
    const implied = !isOff && part.includes(".H") && whole && this.method(whole).silences
    tile.style.setProperty("--cost", colour)
    tile.classList.toggle("off", isOff)
    tile.classList.toggle("implied", Boolean(implied))
    tile.classList.toggle("pending", !(part in this.data.tiles))
    tile.classList.toggle("approximate", approximate)
    tile.textContent = isOff ? filled(this.method(off[part]).badge, off[part]) : ""
    tile.setAttribute("aria-pressed", String(isOff))
    const state = isOff ? `ablated, ${this.how(off[part])}` : implied ? "ablated with its layer" : "on"
    tile.setAttribute("aria-label", `${part}, ${state}, ${label}`)
  }

  drawPresets(off) {
    const { presets } = this.data
    const names = presets.map((preset) => preset.name).join("\n")
    if (names !== this.names) {
      this.names = names
      this.presets.replaceChildren()
      for (const preset of presets) {
        const made = button("preset", this.presets, preset.name, "", () => this.wish({ kind: "preset", name: preset.name }))
        made.dataset.preset = preset.name
        made.title = preset.lookFor
      }
    }
    const same = (a) => Object.keys(a).length === Object.keys(off).length && Object.keys(a).every((part) => a[part] === off[part])
    const active = presets.find((preset) => same(preset.off))
    for (const made of this.presets.children) made.setAttribute("aria-pressed", String(made.dataset.preset === active?.name))
    this.look.textContent = active ? active.lookFor : "Experiments of the notebook this began as; each says what to look for."
  }

  drawLegend() {
    const { legend } = this.data
    const key = JSON.stringify(legend)
    if (key === this.legendKey) return
    this.legendKey = key
    this.legend.replaceChildren()
    this.legend.title = legend.hint ?? ""
    make("span", "", this.legend, legend.title)
    for (const [text, colour] of legend.marks) {
      const mark = make("span", "mark", this.legend)
      make("i", "swatch", mark).style.setProperty("--cost", colour)
      mark.append(text)
    }
  }

  drawChips() {
    const key = JSON.stringify(this.data.chips)
    if (key === this.chipKey) return
    this.chipKey = key
    this.chips.replaceChildren()
    if (!this.data.chips.length) make("span", "none", this.chips, "Nothing is ablated.")
    for (const chip of this.data.chips) {
      const box = make("span", "chip", this.chips, chip.name)
      box.dataset.chip = chip.name
      this.chipMethod(box, chip)
      button("cross", box, "✕", `Restore ${chip.name}`, () => this.switch(chip.parts, false))
    }
  }

  chipMethod(box, chip) {
    const select = make("select", "", box)
    select.setAttribute("aria-label", `What takes the place of ${chip.name}`)
    const fit = this.data.methods.filter((method) => method.kinds.includes(chip.kind))
    const texts = fit.map(({ name, parameter }) => (parameter ? `${name}=${parameter.usual}` : name))
    for (const method of new Set([...texts, chip.method])) {
      const option = make("option", "", select, this.how(method))
      option.value = method
      option.selected = method === chip.method
    }
    select.addEventListener("change", () => this.wish({ kind: "switch", parts: chip.parts, off: true, method: select.value }))
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  if (!boards.has(parentElement)) boards.set(parentElement, new Board(parentElement, data))
  boards.get(parentElement).update(data, setTriggerValue)
}
