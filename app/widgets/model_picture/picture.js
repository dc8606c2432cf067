// The picture of the model: draws at once what is clicked, and says to the server what is wanted.
const HINT = "Click a component to ablate or restore it."
const LETTER = 7 // pixels of a digit
const LEAST = 2.2 // radius of a component without effect
const KINDS = [
  ["head", "heads"],
  ["attn", "their attention layer"],
  ["mlp", "MLP"],
  ["line", "residual stream"],
  ["copied", "a copied cell"],
]
const pictures = new WeakMap()

const kindOf = (part) => (part.includes(".H") ? "head" : part.split(".")[1])
const attentionOf = (part) => `${part.split(".")[0]}.attn`

// A circle, or an MLP's square, as attributes.
function sides(part, half) {
  return kindOf(part) === "mlp" ? { x: -half, y: -half, width: 2 * half, height: 2 * half, rx: 1.5 } : { r: half }
}

class Picture {
  constructor(parent) {
    this.root = make("div", "picture", parent)
    this.wishes = new Wishes(this.root)
    this.room = make("div", "room", this.root)
    this.svg = shape("svg", { role: "group" }, this.room)
    this.legend = make("div", "legend", this.root)
    for (const [name, text] of KINDS) make("span", `kind ${name}`, this.legend, text)
    this.readout = make("div", "readout", this.root)
    this.at = "L0.H0"
    this.svg.addEventListener("keydown", (event) => this.key(event))
    for (const name of ["pointerleave", "focusout"]) this.svg.addEventListener(name, () => this.say(""))
    this.watcher = new ResizeObserver(() => this.resize())
    this.watcher.observe(this.room)
  }

  // ---- what is wanted ----------------------------------------------------------------------------------------------

  // What is off once the server has heard everything.
  now() {
    const off = { ...this.data.off }
    for (const wish of this.wishes.pending)
      for (const part of wish.parts) {
        if (wish.off) off[part] = this.data.next[kindOf(part)].slice(1)
        else delete off[part]
      }
    return off
  }

  click(part) {
    const [method] = this.data.next[kindOf(part)]
    this.wishes.add({ kind: "switch", parts: [part], off: !(part in this.now()), method })
    this.draw()
    this.say(part)
  }

  key(event) {
    const part = event.target.dataset?.part
    if (!part) return
    if (event.key === "Enter" || event.key === " ") this.click(part)
    else if (event.key.startsWith("Arrow")) this.nodes[nodeAfter(event.key, part, this.layout.nodes)].focus()
    else return
    event.preventDefault()
  }

  moved(part) {
    this.nodes[this.at]?.setAttribute("tabindex", -1)
    this.nodes[part].setAttribute("tabindex", 0)
    this.at = part
    this.say(part)
  }

  say(part) {
    const node = this.data.nodes[part]
    const off = this.now()[part]
    const told = node && `${node.name} ablated: ${node.said}${off ? ` · now ${off[0]}` : ""}${node.pinnedWords && ` · ${node.pinnedWords}`}`
    this.readout.textContent = told || [this.data.headline, HINT].filter(Boolean).join(" ")
    this.readout.classList.toggle("told", Boolean(node))
  }

  // ---- drawing -----------------------------------------------------------------------------------------------------

  update(data, trigger) {
    this.wishes.heard(data.seen, trigger)
    this.data = data
    this.resize()
  }

  resize() {
    const { data } = this
    const room = this.room.clientWidth
    if (!data || !room) return
    const size = [room, data.layers, data.heads].join()
    if (size !== this.size) this.build(room)
    this.size = size
    this.draw()
  }

  build(room) {
    const { data } = this
    const focused = this.svg.contains(this.svg.getRootNode().activeElement)
    const layout = (this.layout = layoutOf(room, data.layers, data.heads))
    this.svg.replaceChildren()
    const { width, height, stream } = layout
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) this.svg.setAttribute(name, value)
    const quiet = { "aria-hidden": "true", "pointer-events": "none" }
    shape("path", { class: "stream", d: `M${layout.grid} ${stream}H${width - layout.grid - 4}` }, this.svg)
    this.blocks = layout.blocks.map(({ x, middle }, number) => this.block(x, middle, number))
    this.path = shape("g", { class: "path", ...quiet }, this.svg)
    this.nodes = {}
    for (const part of Object.keys(layout.nodes)) this.node(part)
    this.ends = [0, width - layout.grid].map((x) => shape("g", { transform: `translate(${x} ${stream - layout.grid / 2})`, ...quiet }, this.svg))
    this.endsKey = ""
    if (!this.nodes[this.at]) this.at = "L0.H0"
    this.nodes[this.at].setAttribute("tabindex", 0)
    if (focused) this.nodes[this.at].focus()
  }

  // A layer: the frame of its heads, the ways to and from the stream, and its name.
  block(x, middle, number) {
    const { block, stream, nodes } = this.layout
    const { width, height, y } = block
    const group = shape("g", { class: "block", "aria-hidden": "true" }, this.svg)
    shape("rect", { x, y, width, height, rx: 7, class: "frame" }, group)
    shape("path", { d: `M${middle} ${y + height}V${stream}`, class: "way" }, group)
    const mlp = nodes[`L${number}.mlp`]
    shape("path", { d: `M${mlp.x} ${mlp.y}V${stream}`, class: "way" }, group)
    for (const at of [middle, mlp.x]) shape("circle", { cx: at, cy: stream, r: 1.8, class: "joint" }, group)
    shape("text", { x: middle, y: this.layout.height - 4, class: "layer" }, group).append(`L${number}`)
    return group
  }

  node(part) {
    const { x, y, wide, high } = this.layout.nodes[part]
    const group = shape("g", { class: `node ${kindOf(part)}`, transform: `translate(${x} ${y})`, role: "button", tabindex: -1, "data-part": part }, this.svg)
    shape("rect", { class: "target", x: -wide, y: -high, width: 2 * wide, height: 2 * high }, group)
    for (const ring of ["ring outer", "ring inner"]) shape("rect", { class: ring, x: -wide, y: -high, width: 2 * wide, height: 2 * high, rx: 5 }, group)
    for (const name of ["ground", "effect", "second", "pin"]) shape(kindOf(part) === "mlp" ? "rect" : "circle", { class: name }, group)
    shape("path", { class: "cross" }, group)
    if (kindOf(part) !== "head") shape("text", { class: "number", y: 4 }, group)
    group.addEventListener("click", () => this.click(part))
    group.addEventListener("pointerenter", () => this.say(part))
    group.addEventListener("focus", () => this.moved(part))
    this.nodes[part] = group
  }

  draw() {
    const off = this.now()
    for (const part of Object.keys(this.nodes)) this.drawNode(part, off)
    if (!this.readout.classList.contains("told")) this.say("")
    this.blocks.forEach((block, number) => block.classList.toggle("silent", Boolean(off[`L${number}.attn`]?.[1])))
    this.svg.setAttribute("aria-label", `The model: heads, attention layers and MLPs on its residual stream. ${this.data.path.words}`)
    this.drawEnds()
    this.drawPath(off)
  }

  drawNode(part, off) {
    const { size, colour, number, name, effect, approximate, pinned, second, pinnedWords } = this.data.nodes[part]
    const costliest = part === this.data.costliest
    const group = this.nodes[part]
    const isOff = part in off
    const implied = !isOff && kindOf(part) === "head" && Boolean(off[attentionOf(part)]?.[1])
    const radius = this.radius(part, size)
    const sizes = { ground: radius, effect: radius, second: this.radius(part, second), pin: this.layout.nodes[part].most + 1.5 }
    for (const [name, half] of Object.entries(sizes))
      for (const [side, value] of Object.entries(sides(part, half))) group.querySelector(`.${name}`).setAttribute(side, value)
    group.style.setProperty("--cost", colour)
    const half = Math.max(radius, 4.5) + 1
    group.querySelector(".cross").setAttribute("d", `M${-half} ${-half}L${half} ${half}M${half} ${-half}L${-half} ${half}`)
    this.drawNumber(group, Math.max(radius, sizes.second, pinned ? sizes.pin : 0), number ?? "")
    for (const [kind, is] of Object.entries({ pending: size === null, approximate: Boolean(approximate), off: isOff, implied, costliest, pinned, twice: second !== null }))
      group.classList.toggle(kind, is)
    group.setAttribute("aria-pressed", String(isOff))
    const state = isOff ? `ablated, ${off[part][0]}` : implied ? "ablated with its layer" : "on"
    const told = `${effect}${size === null ? "" : " when ablated"}`
    group.setAttribute("aria-label", [name, state, told, costliest ? "costliest" : "", pinnedWords].filter(Boolean).join(", "))
  }

  radius(part, size) {
    return LEAST + (this.layout.nodes[part].most - LEAST) * (size ?? 0)
  }

  // Beside an attention layer or an MLP, if there is room before the next one.
  drawNumber(group, radius, number) {
    const text = group.querySelector(".number")
    if (!text) return
    text.setAttribute("x", radius + 4)
    text.textContent = radius + 4 + LETTER * number.length <= this.layout.layer - 12 ? number : ""
  }

  // The third grid, from which cells are copied, and the answer.
  drawEnds() {
    const { grids, names, colors, cell } = this.data.path
    const key = JSON.stringify([grids, names, colors, cell])
    if (key === this.endsKey) return
    this.endsKey = key
    const side = this.layout.grid / SIDE
    this.ends.forEach((end, k) => {
      end.replaceChildren()
      grids[k].forEach((token, index) => {
        const at = { x: (index % SIDE) * side, y: Math.floor(index / SIDE) * side, width: side + 0.3, height: side + 0.3 }
        shape("rect", { ...at, fill: colors[token] ?? DARK }, end)
      })
      shape("rect", { class: "edge", width: this.layout.grid, height: this.layout.grid }, end)
      const chosen = { x: (cell % SIDE) * side - 1, y: Math.floor(cell / SIDE) * side - 1, width: side + 2, height: side + 2 }
      shape("rect", { class: "chosen under", ...chosen }, end)
      shape("rect", { class: "chosen", ...chosen }, end)
      shape("text", { x: this.layout.grid / 2, y: this.layout.grid + 15, class: "name" }, end).append(names[k])
    })
  }

  // From the cell of the third grid, above the layers, into each copy head, and from there with the stream to the answer.
  drawPath(off) {
    const { heads, cell } = this.data.path
    const { grid, stream, width, blocks, nodes } = this.layout
    this.path.replaceChildren()
    const known = heads.filter((head) => head in nodes)
    if (!known.length) return
    const side = grid / SIDE
    const [column, row] = [((cell % SIDE) + 0.5) * side, (Math.floor(cell / SIDE) + 0.5) * side]
    const top = stream - grid / 2
    const isOff = (head) => head in off || Boolean(off[attentionOf(head)]?.[1])
    const working = known.filter((head) => !isOff(head))
    for (const head of known) {
      const { x, y } = nodes[head]
      const { middle } = blocks[Number(head.slice(1).split(".")[0])]
      const enter = `M${column} ${top + row}V${RAIL + 10}q0 -10 10 -10H${middle - 8}q8 0 8 8V${y}H${x}`
      shape("path", { class: isOff(head) ? "copy cut" : "copy", d: enter }, this.path)
    }
    const first = working.map((head) => blocks[Number(head.slice(1).split(".")[0])].middle).sort((a, b) => a - b)[0]
    if (working.length) {
      const lowest = Math.min(...working.map((head) => nodes[head].y))
      shape("path", { class: "copy", d: `M${first} ${lowest}V${stream}H${width - grid - 3}` }, this.path)
      shape("path", { class: "tip", d: `M${width - grid - 1} ${stream}l-7 -4v8z` }, this.path)
    }
    const label = shape("text", { class: "copying", x: column + 14, y: RAIL - 7 }, this.path)
    label.append(working.length ? `copied by ${working.join(", ")}` : `${known.join(", ")} ablated`)
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  if (!pictures.has(parentElement)) pictures.set(parentElement, new Picture(parentElement))
  pictures.get(parentElement).update(data, setTriggerValue)
}
