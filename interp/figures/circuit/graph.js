// A circuit that can be walked in: threshold, filters, groups and moves are worked out here; only what is asked of the model is told.
const SVG_NAMESPACE = "http://www.w3.org/2000/svg"
const NEAR = 6 // pixels from a line that still mean it
const MOVED = 4 // pixels from which on a press is a drag
const STEP = 8 // pixels that a key moves a box
const STEPS = 1000 // of the slider
const TOLD = 20 // states that may be on their way
const LETTER = 7 // pixels of a letter of a box's title
const SMALL_LETTER = 5.7 // and of what stands below it
const TITLE_AT = [4, -2, -6] // pixels below a box's middle, by how many lines stand below the title
const LABEL_AT = [[], [11], [4, 13]] // and of these

function svgElement(name, attributes, parent, text = "") {
  const made = document.createElementNS(SVG_NAMESPACE, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  if (text) made.textContent = text
  parent?.appendChild(made)
  return made
}

const EMPTY = { least: null, block: "", kinds: ["q", "k", "v", "mlp", "logits"], groups: [], names: {}, places: {}, pinned: [], hidden: [] }

/** The same for states that mean the same. */
function textOf(state) {
  const sorted = (entries) => Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1))
  return state && JSON.stringify([state.least, state.block, state.kinds, state.groups, sorted(state.names), sorted(state.places), state.pinned, state.hidden])
}

class CircuitGraph {
  /** `tell.event` is given what is asked of the model, where there is one; `tell.state` what was made of the picture. */
  constructor(parent, tell) {
    this.tell = tell
    this.root = element("div", { class: "circuit" }, parent)
    this.tools = new Tools(this.root, this)
    const body = element("div", { class: "body" }, this.root)
    this.room = element("div", { class: "room" }, body)
    this.svg = svgElement("svg", { role: "group" }, this.room)
    this.panel = new Panel(body, this)
    this.hint = element("p", { class: "hint" }, this.root)
    this.chosen = new Set()
    this.state = structuredClone(EMPTY)
    this.told = []
    this.off = this.gone = new Set()
    this.lines = new Map()
    this.listen()
    this.watcher = new ResizeObserver(() => this.resize())
    this.watcher.observe(this.room)
  }

  detach() {
    this.watcher.disconnect()
    cancelAnimationFrame(this.frame)
    clearTimeout(this.timer)
    this.root.remove()
  }

  // ---- what is drawn -----------------------------------------------------------------------------------------------

  /**
   * A picture, and what was made of it: one that was told from here last does not come back. `asked` is what the model runs without: parts
   * that are ablated, and edges that are cut, as "writer->reader".
   */
  update(picture, state, asked = { off: [], cut: [] }) {
    const given = textOf(state)
    const marks = JSON.stringify(asked)
    const marked = marks !== this.marks
    ;[this.marks, this.off, this.gone] = [marks, new Set(asked.off), new Set(asked.cut)]
    const other = picture.id !== this.picture?.id
    const taken = given !== this.given && this.take(given, state)
    this.given = given
    if (other) [this.picture, this.merged, this.looked] = [picture, null, null]
    if (other || taken) this.chosen.clear()
    this.resize(other || taken || marked)
  }

  /** A state that was told from here is no news: a later one may be on its way, and boxes may be chosen meanwhile. Any other is taken. */
  take(given, state) {
    const told = this.told.indexOf(given)
    if (told >= 0) this.told.splice(0, told)
    else this.state = { ...structuredClone(EMPTY), ...structuredClone(state ?? {}) }
    return told < 0
  }

  resize(anew = false) {
    const width = Math.max(320, this.room.clientWidth)
    if (!this.picture || !this.room.clientWidth || (!anew && width === this.width)) return
    this.width = width
    this.draw()
  }

  /** All of it. */
  draw() {
    const { picture, state, width } = this
    const { height } = picture.layout
    const focused = this.svg.contains(this.svg.getRootNode().activeElement)
    this.boxes = boxesOf(picture, state, width)
    const key = JSON.stringify([state.block, state.kinds, state.groups, state.hidden])
    if (!this.merged || key !== this.mergedKey) this.edges = this.merged = mergedEdges(picture, state, this.boxes)
    this.mergedKey = key
    this.svg.replaceChildren()
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) this.svg.setAttribute(name, value)
    this.svg.setAttribute("aria-label", picture.summary)
    for (const [name, y] of picture.layout.layers) svgElement("text", { class: "layer", x: 4, y: y + 4, "aria-hidden": "true" }, this.svg, name)
    this.behind = svgElement("g", { class: "edges", "aria-hidden": "true" }, this.svg)
    this.lines.clear()
    this.nodes = {}
    this.counts = Object.fromEntries(Object.keys(this.boxes).map((name) => [name, { into: 0, out: 0 }]))
    for (const edge of this.edges) {
      const [from, to] = [this.counts[edge.source], this.counts[edge.target]]
      from.out += 1
      to.into += 1
      from.mostOut ??= edge // the strongest come first
      to.mostInto ??= edge
    }
    if (!this.boxes[this.at]) this.at = "embed"
    for (const box of Object.values(this.boxes)) this.drawBox(box)
    this.threshold()
    if (focused) this.nodes[this.at].focus()
  }

  /** What the slider decides: lines come and go, nothing moves. */
  threshold() {
    const { picture, state } = this
    this.least = leastOf(picture, state, this.edges)
    const { shown, wanted } = shownEdges(picture, state, this.edges, this.least)
    const set = new Set(shown)
    for (const [edge, line] of this.lines)
      if (!set.has(edge)) {
        line.remove()
        this.lines.delete(edge)
      }
    for (const edge of shown) if (!this.lines.has(edge)) this.lines.set(edge, this.line(edge))
    this.cross()
    ;[this.shown, this.shownSet, this.wanted] = [shown, set, wanted]
    const busy = new Set(shown.flatMap(({ source, target }) => [source, target]))
    for (const [name, node] of Object.entries(this.nodes)) node.classList.toggle("idle", !busy.has(name) && !isEnd(name))
    this.tools.show()
    this.look(this.looked && (this.looked.box ? this.boxes[this.looked.box] : set.has(this.looked.edge)) ? this.looked : null)
    this.hint.textContent = this.tell.event
      ? "Click a box to ablate it or restore it, an edge to cut it or mend it. Drag a box to move it; Shift-click chooses boxes. Keys on a box: arrows, Enter ablates, Space chooses, M merges, N names, P pins, H hides, Shift and arrows move."
      : "Click a box to choose it, drag it to move it. Keys on a box: arrows, Space chooses, M merges, N names, P pins, H hides, Shift and arrows move."
  }

  line(edge) {
    const { boxes, picture, width } = this
    edge.curve = curveOf(boxes[edge.source], boxes[edge.target], edge.kind, picture, width)
    edge.points = null
    const attributes = { class: `edge ${edge.kind}${edge.value < 0 ? " harms" : ""}`, d: pathOf(edge.curve), "stroke-width": lineWidth(edge.value, picture.strongest).toFixed(2) }
    return svgElement("path", attributes, this.behind)
  }

  isCut({ members }) {
    const { picture, gone } = this
    return gone.size > 0 && members.some((k) => gone.has(`${picture.writers[picture.from[k]]}->${picture.readers[picture.to[k]]}`))
  }

  isOff(name) {
    return this.boxes[name].parts.some((part) => this.off.has(part))
  }

  /** A cross on the middle of every line that is cut. */
  cross() {
    this.crosses?.remove()
    this.crosses = svgElement("g", { class: "crosses", "aria-hidden": "true" }, this.svg)
    for (const [edge, line] of this.lines)
      if (this.isCut(edge)) {
        const { x, y } = line.getPointAtLength(line.getTotalLength() / 2)
        for (const halo of ["halo", "stroke"]) svgElement("path", { class: halo, d: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10` }, this.crosses)
      }
  }

  drawBox({ name, x, y, width, height, title, label, parts }) {
    const classes = ["box", isEnd(name) ? "end" : "", parts.length > 1 ? "group" : "", this.chosen.has(name) ? "chosen" : "", this.state.pinned.includes(name) ? "pinned" : "", this.isOff(name) ? "off" : ""]
    const node = svgElement("g", { class: classes.filter(Boolean).join(" "), transform: `translate(${x} ${y})`, tabindex: name === this.at ? 0 : -1, role: "button", "data-box": name }, this.svg)
    const [left, top] = [-width / 2, -height / 2]
    for (const ring of ["ring outer", "ring inner"]) svgElement("rect", { class: ring, x: left - 3, y: top - 3, width: width + 6, height: height + 6, rx: 7 }, node)
    svgElement("rect", { class: "card", x: left, y: top, width, height, rx: 5 }, node)
    if (parts.length > 1) svgElement("rect", { class: "stack", x: left + 3, y: top - 3, width: width - 6, height: 3 }, node)
    const room = Math.floor((width - 6) / LETTER)
    const short = title.length <= room || !/^L\d+\./.test(title) ? title : title.split(".")[1]
    const twoLines = label && height > 30 && room > 5
    const below = twoLines ? linesOf(label, Math.floor((width - 4) / SMALL_LETTER)) : []
    svgElement("text", { class: "title", y: TITLE_AT[below.length] }, node, cutTo(short, room))
    for (const [n, line] of below.entries()) svgElement("text", { class: "label", y: LABEL_AT[below.length][n] }, node, line)
    if (parts.some((part) => part.includes(".H")))
      for (const [kind, across] of Object.entries(PORTS)) svgElement("rect", { class: `port ${kind}`, x: across * width - 3.5, y: height / 2 - 3, width: 7, height: 3 }, node)
    svgElement("circle", { class: "pin", cx: width / 2 - 6, cy: top + 6, r: 2.6 }, node)
    svgElement("title", {}, node, [title, title === name ? "" : parts.join(" "), label === parts.join(" ") ? "" : label].filter(Boolean).join(": "))
    node.setAttribute("aria-label", this.spoken(name))
    this.nodes[name] = node
  }

  spoken(name) {
    const { title, label } = this.boxes[name]
    const { into, out, mostInto, mostOut } = this.counts[name]
    const most = (edge, box) => (edge ? `, most ${this.boxes[box].title} ${told(edge.value)}` : "")
    const reads = `reads ${into} ${into === 1 ? "edge" : "edges"}${most(mostInto, mostInto?.source)}`
    return [title, label, reads, `read by ${out}${most(mostOut, mostOut?.target)}`, this.isOff(name) ? "ablated" : "", this.chosen.has(name) ? "chosen" : ""].filter(Boolean).join(", ")
  }

  // ---- looking -----------------------------------------------------------------------------------------------------

  nameOf({ source, target, kind }) {
    return `${this.boxes[source].title} → ${this.boxes[target].title}${kind in PORTS ? `.${kind}` : ""}`
  }

  hintOf(edge) {
    return `${this.nameOf(edge)}: ${told(edge.value)} logits${this.tell.event ? `. Click to ${this.isCut(edge) ? "mend" : "cut"} it.` : ""}`
  }

  look(looked) {
    this.looked = looked
    this.svg.classList.toggle("looking", Boolean(looked))
    for (const [edge, line] of this.lines) line.classList.toggle("near", edge === looked?.edge || edge.source === looked?.box || edge.target === looked?.box)
    for (const [name, node] of Object.entries(this.nodes)) node.classList.toggle("looked", name === looked?.box)
    this.panelNow()
  }

  panelNow() {
    this.panel.show(this.looked)
  }

  /** One edge among those that are listed. */
  light(edge) {
    this.lit?.remove()
    this.lit = edge && svgElement("path", { class: `edge lit ${edge.kind}${edge.value < 0 ? " harms" : ""}` }, this.behind)
    if (!edge) return
    this.lit.setAttribute("d", pathOf(curveOf(this.boxes[edge.source], this.boxes[edge.target], edge.kind, this.picture, this.width)))
    this.lit.setAttribute("stroke-width", lineWidth(edge.value, this.picture.strongest) + 1.5)
  }

  edgeAt(x, y) {
    let [best, least] = [null, Infinity]
    for (const edge of this.shown) {
      if (!isNear(edge.curve, x, y, THICKEST)) continue
      edge.points ??= pointsOf(edge.curve)
      const away = distanceTo(edge.points, x, y) - lineWidth(edge.value, this.picture.strongest) / 2
      if (away < NEAR && away < least) [best, least] = [edge, away]
    }
    return best
  }

  same(looked) {
    return looked?.box === this.looked?.box && looked?.edge === this.looked?.edge
  }

  // ---- pointer and keys --------------------------------------------------------------------------------------------

  listen() {
    const boxOf = (event) => event.target.closest?.(".box")?.dataset.box
    const pointOf = (event) => {
      const { left, top } = this.svg.getBoundingClientRect()
      return [event.clientX - left, event.clientY - top]
    }
    this.svg.addEventListener("pointerdown", (event) => {
      const box = boxOf(event)
      if (!box || event.button) return
      const [x, y] = pointOf(event)
      this.drag = { box, x, y, from: this.boxes[box], moved: false }
      this.svg.setPointerCapture(event.pointerId)
    })
    this.svg.addEventListener("pointermove", (event) => {
      const [x, y] = pointOf(event)
      if (this.drag) return this.dragTo(x, y)
      const box = boxOf(event) // now: in a shadow tree an event has lost its target when the frame comes
      cancelAnimationFrame(this.frame)
      this.frame = requestAnimationFrame(() => this.pointAt(box, x, y))
    })
    this.svg.addEventListener("pointerup", (event) => {
      const { drag } = this
      this.drag = null
      if (drag?.moved) return this.changed()
      const edge = drag ? null : this.edgeAt(...pointOf(event))
      if (drag) this.press(drag.box, event.shiftKey || event.ctrlKey || event.metaKey || this.tools.choosing)
      else if (edge && !event.button) this.cut(edge)
    })
    this.svg.addEventListener("pointercancel", () => (this.drag = null))
    this.svg.addEventListener("focusin", (event) => {
      const box = boxOf(event)
      if (!box) return
      this.nodes[this.at]?.setAttribute("tabindex", -1)
      this.nodes[box].setAttribute("tabindex", 0)
      this.at = box
      if (event.target.matches(":focus-visible")) this.look({ box })
    })
    this.svg.addEventListener("keydown", (event) => this.key(event, boxOf(event)))
    this.root.addEventListener("keydown", (event) => event.key === "Escape" && this.look(null))
  }

  pointAt(box, x, y) {
    const edge = box ? null : this.edgeAt(x, y)
    const looked = box ? { box } : edge ? { edge } : null
    this.svg.classList.toggle("onEdge", Boolean(edge))
    if (!this.same(looked)) this.look(looked)
  }

  dragTo(x, y) {
    const { drag } = this
    if (!drag.moved && Math.hypot(x - drag.x, y - drag.y) < MOVED) return
    drag.moved = true
    this.place(drag.box, drag.from.x + x - drag.x, drag.from.y + y - drag.y)
  }

  place(name, x, y) {
    const { left, right, height } = this.picture.layout
    const inner = this.width - left - right
    const within = (value, most) => Math.max(0, Math.min(most, value))
    this.state.places[name] = [within((x - left) / inner, 1), within(y, height)]
    Object.assign(this.boxes[name], { x: left + this.state.places[name][0] * inner, y: this.state.places[name][1] })
    this.nodes[name].setAttribute("transform", `translate(${this.boxes[name].x} ${this.boxes[name].y})`)
    for (const [edge, line] of this.lines)
      if (edge.source === name || edge.target === name) {
        edge.curve = curveOf(this.boxes[edge.source], this.boxes[edge.target], edge.kind, this.picture, this.width)
        edge.points = null
        line.setAttribute("d", pathOf(edge.curve))
      }
    this.cross()
  }

  key(event, box) {
    if (!box || event.ctrlKey || event.metaKey || event.altKey) return
    const acts = { m: () => this.merge(), n: () => this.tools.askName(), p: () => this.pin(), h: () => this.hide() }
    if (event.key.startsWith("Arrow") && event.shiftKey) {
      const [dx, dy] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key]
      this.place(box, this.boxes[box].x + dx, this.boxes[box].y + dy)
      this.changed()
    } else if (event.key.startsWith("Arrow")) this.nodes[boxAfter(event.key, box, this.boxes)].focus()
    else if (event.key === "Enter") this.press(box, false)
    else if (event.key === " ") this.press(box, true)
    else if (event.key.toLowerCase() in acts) {
      if (!this.chosen.size) this.choose(box)
      acts[event.key.toLowerCase()]()
    } else return
    event.preventDefault()
  }

  // ---- what is made of it ------------------------------------------------------------------------------------------

  press(box, choosing) {
    if (choosing || !this.tell.event) this.choose(box)
    else if (!isEnd(box)) this.tell.event({ ablate: this.boxes[box].parts.join(",") })
  }

  cut(edge) {
    const { picture } = this
    const edges = edge.members.map((k) => ({ from: picture.writers[picture.from[k]], to: picture.readers[picture.to[k]] }))
    if (this.tell.event) this.tell.event({ cut: edges.length === 1 ? edges[0] : edges })
  }

  choose(box) {
    if (!this.chosen.delete(box)) this.chosen.add(box)
    this.nodes[box].classList.toggle("chosen", this.chosen.has(box))
    this.nodes[box].setAttribute("aria-label", this.spoken(box))
    this.tools.show()
  }

  /** The chosen boxes as one; or the parts of a chosen group. */
  merge() {
    const { state } = this
    const parts = Object.keys(this.boxes).filter((name) => this.chosen.has(name) && !isEnd(name)).flatMap((name) => this.boxes[name].parts)
    const splits = this.chosen.size === 1
    if (parts.length < 2) return
    this.inOrder(parts)
    state.groups = state.groups.filter((group) => !group.some((part) => parts.includes(part)))
    if (!splits) state.groups.push(parts)
    this.chosen.clear()
    this.at = splits ? parts[0] : parts.join("+")
    if (!splits) this.chosen.add(this.at)
    this.remade()
  }

  /** In the order of the run, which gives a group its name. */
  inOrder(parts) {
    const order = this.picture.writers
    return parts.sort((a, b) => order.indexOf(a) - order.indexOf(b))
  }

  /** Heads of a layer that do the same, as one box each. */
  mergeByRole() {
    const { labels, layout } = this.picture
    const found = {}
    for (const part of Object.keys(layout.spots)) if (labels[part]) (found[`${part.split(".")[0]} ${labels[part]}`] ??= []).push(part)
    this.state.groups = Object.values(found).filter((parts) => parts.length > 1).map((parts) => this.inOrder(parts))
    this.chosen.clear()
    this.remade()
  }

  name(text) {
    for (const box of this.chosen)
      if (text) this.state.names[box] = text.slice(0, 40)
      else delete this.state.names[box]
    this.remade()
  }

  pin() {
    this.flip("pinned", [...this.chosen])
  }

  hide() {
    this.flip("hidden", [...this.chosen].filter((box) => !isEnd(box)))
    this.chosen.clear()
  }

  flip(what, boxes) {
    const now = new Set(this.state[what])
    for (const box of boxes) if (!now.delete(box)) now.add(box)
    this.state[what] = [...now].sort()
    this.remade()
  }

  reset() {
    const { least, block, kinds } = this.state
    this.state = { ...structuredClone(EMPTY), least, block, kinds }
    this.chosen.clear()
    this.remade()
  }

  remade() {
    this.draw()
    this.changed()
  }

  changed() {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.told = [...this.told.slice(1 - TOLD), textOf(this.state)]
      this.tell.state?.(structuredClone(this.state))
    }, 300)
  }
}

const cutTo = (text, letters) => (text.length <= letters ? text : `${text.slice(0, Math.max(1, letters - 1))}…`)

/** A label on one line, or on two where it is too long for one and has words. */
function linesOf(text, letters) {
  const first = text.lastIndexOf(" ", letters)
  return text.length <= letters || first < 1 ? [cutTo(text, letters)] : [text.slice(0, first), cutTo(text.slice(first + 1), letters)]
}
