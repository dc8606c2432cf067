// The easel: four grids whose cells are painted here. A stroke is drawn at once, and said to the server when it is finished: all
// 400 cells, so that the last painting that arrives is the one that counts. tools.js, which stands after this file, is the rest of
// this module: the colours, the steps, and what is done to a whole grid.
const GRIDS = 4
const AREA = SIDE * SIDE
const COLOURS = 11
const MOST_STEPS = 300
const ANSWER = GRIDS - 1

const written = (cells) => Array.from(cells, (colour) => colour.toString(16)).join("")
const read = (text) => Uint8Array.from(text, (digit) => parseInt(digit, 16))

class Easel {
  constructor(parent) {
    Object.assign(this, { colour: 1, tool: "brush", follow: true, steps: [], at: 0, active: 0, tabStop: 0 })
    this.root = make("div", "root", parent)
    this.wishes = new Wishes(this.root)
    this.tools = new Tools(this)
    this.strip = make("div", "strip", this.root)
    this.panels = Array.from({ length: GRIDS }, (_, place) => new Panel(this, place))
    this.verdict = make("p", "verdict", this.root)
    this.verdict.setAttribute("role", "status")
    this.root.addEventListener("keydown", (event) => this.shortcut(event))
  }

  // ---- what the server says --------------------------------------------------------------------------------------------

  update(data, trigger) {
    const fresh = !this.data || this.data.origin !== data.origin
    this.data = data
    this.wishes.heard(data.seen, trigger)
    if (fresh) this.steps = []
    if (!this.wishes.pending.length || fresh) this.adopt(data.cells)
    const [kind, words] = data.verdict
    if (!this.wishes.pending.length) {
      this.verdict.className = `verdict ${kind}`
      if (this.verdict.textContent !== words) this.verdict.textContent = words
      this.root.dataset.heard = this.wishes.said
    }
    this.panels.forEach((panel) => panel.name())
    this.draw()
  }

  /** The server's painting: with its answer to the stroke it was told, the last step is not a new one. */
  adopt(text) {
    const before = this.steps[this.at]
    const answered = this.followed && text.slice(0, ANSWER * AREA) === before?.slice(0, ANSWER * AREA)
    this.followed = false
    if (text === before) return
    if (answered) this.steps[this.at] = text
    else this.step(text)
    const cells = read(text)
    const stroke = this.panels.find((panel) => panel.stroke)?.stroke // one that has begun meanwhile stays
    if (stroke) this.cells.forEach((colour, index) => colour !== stroke.before[index] && (cells[index] = colour))
    if (stroke) stroke.before = read(text)
    this.cells = cells
  }

  // ---- strokes and steps -----------------------------------------------------------------------------------------------

  step(text) {
    this.steps.splice(this.at + 1)
    this.steps.push(text)
    this.steps.splice(0, this.steps.length - MOST_STEPS)
    this.at = this.steps.length - 1
  }

  /** A stroke on these grids is finished. */
  finish(...places) {
    const text = written(this.cells)
    if (text === this.steps[this.at]) return this.draw()
    this.step(text)
    this.say(this.follow && !places.includes(ANSWER))
  }

  go(by) {
    const to = this.at + by
    if (!(to in this.steps)) return
    this.at = to
    this.cells = read(this.steps[to])
    this.say(false)
  }

  say(follow) {
    this.followed = follow
    this.draw()
    this.wishes.add({ cells: this.steps[this.at], follow })
  }

  put(place, index, colour = this.colour) {
    this.cells[place * AREA + index] = colour
    this.panels[place].draw()
  }

  /** Another grid, by its cells, which are worked out from those of this one. */
  change(place, from) {
    const before = this.cells.slice(place * AREA, (place + 1) * AREA)
    this.cells.set(
      before.map((_, index) => from(before, index)),
      place * AREA,
    )
    this.finish(place)
  }

  copy(from, to) {
    this.cells.copyWithin(to * AREA, from * AREA, (from + 1) * AREA)
    this.finish(to)
  }

  shortcut(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return
    const key = event.key.toLowerCase()
    if (key !== "z" && key !== "y") return
    event.preventDefault()
    event.stopPropagation()
    this.go(key === "y" || event.shiftKey ? 1 : -1)
  }

  draw() {
    this.panels.forEach((panel) => panel.draw())
    this.tools.draw()
  }
}

// ---- one grid ------------------------------------------------------------------------------------------------------------

class Panel {
  constructor(easel, place) {
    Object.assign(this, { easel, place, rects: [], drawn: [] })
    if (place) make("div", place === 2 ? "sign gap" : "sign", easel.strip, place === 2 ? "" : "→").setAttribute("aria-hidden", "true")
    this.holder = make("div", "panel", easel.strip)
    this.title = make("div", "head", this.holder)
    const frame = make("div", "frame", this.holder)
    this.svg = shape("svg", { viewBox: "-1 -1 102 102", role: "grid" }, frame)
    for (let row = 0; row < SIDE; row++) {
      const line = shape("g", { role: "row" }, this.svg)
      for (let column = 0; column < SIDE; column++) {
        const size = { x: column * CELL, y: row * CELL, width: CELL, height: CELL, stroke: "#d4d4cf", "stroke-width": 0.35 }
        this.rects.push(shape("rect", { ...size, class: "cell", role: "gridcell", tabindex: -1 }, line))
      }
    }
    this.rects[0].setAttribute("tabindex", 0)
    const quiet = { "pointer-events": "none", "aria-hidden": "true", fill: "none" }
    shape("rect", { width: SIDE * CELL, height: SIDE * CELL, stroke: "#77777a", "stroke-width": 0.6, ...quiet }, this.svg)
    this.numbers = shape("g", { ...quiet, "text-anchor": "middle", "font-size": 5 }, this.svg)
    this.box = shape("rect", { ...quiet, class: "box", stroke: DARK, "stroke-width": 1.2, "stroke-dasharray": "2 1.4", visibility: "hidden" }, this.svg)
    easel.tools.ofGrid(this)
    this.listen()
  }

  name() {
    const { titles } = this.easel.data
    const text = this.place === ANSWER ? `${titles[this.place]}, truth` : titles[this.place]
    if (this.title.textContent !== text) this.title.textContent = text
    this.holder.dataset.panel = text
    this.svg.setAttribute("aria-label", `${text}: paint with the arrow keys and the digits`)
    this.drawn = []
  }

  draw() {
    const { cells, data } = this.easel
    const now = cells.subarray(this.place * AREA, (this.place + 1) * AREA)
    now.forEach((colour, index) => {
      if (this.drawn[index] === colour) return
      this.drawn[index] = colour
      this.rects[index].setAttribute("fill", data.colors[colour])
      this.rects[index].setAttribute("aria-label", `${where(index)}: ${data.names[colour]}`)
    })
    if (!data.digits && !this.numbers.hasChildNodes()) return
    this.numbers.replaceChildren()
    if (!data.digits) return
    now.forEach((colour, index) => {
      const at = { x: (index % SIDE) * CELL + 5, y: Math.floor(index / SIDE) * CELL + 6.8, fill: data.inks[colour], opacity: colour ? 1 : 0.35 }
      shape("text", at, this.numbers).append(colour)
    })
  }

  // ---- mouse and touch ----

  listen() {
    this.svg.addEventListener("pointerdown", (event) => this.begin(event))
    this.svg.addEventListener("pointermove", (event) => this.stroke && event.pointerId === this.stroke.pointer && this.drag(event))
    this.svg.addEventListener("pointerup", (event) => this.end(event))
    this.svg.addEventListener("pointercancel", () => this.cancel())
    this.svg.addEventListener("keydown", (event) => this.key(event))
    this.svg.addEventListener("focusin", (event) => this.focused(event))
  }

  /** The cell under the pointer, the nearest one outside the grid. */
  under(event) {
    const box = this.svg.getBoundingClientRect()
    const along = (now, start, length) => Math.min(SIDE - 1, Math.max(0, Math.floor(((now - start) / length) * 10.2 - 0.1)))
    return along(event.clientY, box.top, box.height) * SIDE + along(event.clientX, box.left, box.width)
  }

  begin(event) {
    if (event.button > 0 || this.stroke) return
    const index = this.under(event)
    event.preventDefault()
    this.svg.setPointerCapture(event.pointerId)
    this.rects[index].focus({ preventScroll: true })
    this.stroke = { pointer: event.pointerId, from: index, to: index, before: this.easel.cells.slice() }
    this.trace(index)
  }

  drag(event) {
    const index = this.under(event)
    if (index === this.stroke.to) return
    this.trace(index)
  }

  /** The brush leaves no gaps where the pointer was fast. */
  trace(index) {
    const { stroke, easel } = this
    if (easel.tool === "brush") {
      const [row, column] = [Math.floor(stroke.to / SIDE), stroke.to % SIDE]
      const [down, right] = [Math.floor(index / SIDE) - row, (index % SIDE) - column]
      const n = Math.max(Math.abs(down), Math.abs(right), 1)
      for (let k = 0; k <= n; k++) easel.cells[this.place * AREA + Math.round(row + (down * k) / n) * SIDE + Math.round(column + (right * k) / n)] = easel.colour
    }
    stroke.to = index
    if (easel.tool === "rectangle") this.frame(stroke.from, index)
    this.draw()
  }

  frame(from, to) {
    const rows = [Math.floor(from / SIDE), Math.floor(to / SIDE)].sort((a, b) => a - b)
    const columns = [from % SIDE, to % SIDE].sort((a, b) => a - b)
    const { easel, stroke } = this
    easel.cells.set(stroke.before)
    for (let row = rows[0]; row <= rows[1]; row++) {
      for (let column = columns[0]; column <= columns[1]; column++) easel.cells[this.place * AREA + row * SIDE + column] = easel.colour
    }
    const size = { x: columns[0] * CELL, y: rows[0] * CELL, width: (columns[1] - columns[0] + 1) * CELL, height: (rows[1] - rows[0] + 1) * CELL }
    for (const [name, value] of Object.entries(size)) this.box.setAttribute(name, value)
    this.box.setAttribute("visibility", "visible")
  }

  end(event) {
    if (event.pointerId !== this.stroke?.pointer) return
    this.stroke = null
    this.box.setAttribute("visibility", "hidden")
    this.easel.finish(this.place)
  }

  /** A touch that turned out to be something else. */
  cancel() {
    if (!this.stroke) return
    this.easel.cells.set(this.stroke.before)
    this.stroke = null
    this.box.setAttribute("visibility", "hidden")
    this.draw()
  }

  // ---- keys ----

  focused(event) {
    const index = this.rects.indexOf(event.target)
    if (index < 0) return
    const { panels, tabStop } = this.easel
    for (const { rects } of panels) {
      rects[tabStop].setAttribute("tabindex", -1)
      rects[index].setAttribute("tabindex", 0)
    }
    Object.assign(this.easel, { tabStop: index, active: this.place })
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const index = this.rects.indexOf(event.target)
    const colour = COLOURS_BY_KEY.indexOf(event.key.toLowerCase())
    const next = cellAfter(event, index)
    if (event.key === "Enter" || event.key === " ") this.paint(index)
    else if (event.key === "Delete" || event.key === "Backspace") this.paint(index, 0)
    else if (colour >= 0) {
      this.easel.tools.pick(colour)
      this.paint(index)
    } else if (next !== undefined) {
      this.rects[next].focus()
      if (event.shiftKey) this.paint(next)
    } else return
    event.preventDefault()
    event.stopPropagation()
  }

  paint(index, colour) {
    this.easel.put(this.place, index, colour)
    this.easel.finish(this.place)
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  let easel = views.get(parentElement)
  if (easel?.root.parentNode !== parentElement) views.set(parentElement, (easel = new Easel(parentElement)))
  easel.update(data, setTriggerValue)
}
