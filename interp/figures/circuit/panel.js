// What stands beside a circuit's picture: the edges of the box that is looked at, one edge by blocks of positions, or all that are drawn.
const SHOWN = 12 // rows of a list, until more are asked for
const ALL_SHOWN = 24
const MORE = 200

function element(name, attributes, parent, text = "") {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.textContent = text
  parent?.appendChild(made)
  return made
}

/** An effect in three digits, with its sign. */
function told(value) {
  const size = Math.abs(value)
  if (size === 0) return "0"
  const digits = size >= 0.001 && size < 1000 ? String(Number(size.toPrecision(3))) : size.toExponential(1)
  return `${value < 0 ? "−" : "+"}${digits}`
}

class Panel {
  constructor(parent, graph) {
    this.graph = graph
    this.root = element("div", { class: "panel", role: "region", tabindex: 0, "aria-label": "Edges, with numbers" }, parent)
    this.limit = {}
  }

  /** `looked`: {box}, {edge}, or nothing for all edges. */
  show(looked) {
    const active = this.root.getRootNode().activeElement
    const at = [...this.root.querySelectorAll("button")].indexOf(active)
    const key = looked?.box ?? (looked?.edge ? this.graph.nameOf(looked.edge) : "")
    const same = key === this.key
    if (!same) this.limit = {}
    this.key = key
    const focused = this.root.contains(active)
    this.root.replaceChildren()
    if (looked?.box) this.box(looked.box)
    else if (looked?.edge) this.edge(looked.edge)
    else this.all()
    if (focused) ((same && this.root.querySelectorAll("button")[at]) || this.root).focus()
  }

  box(name) {
    const { boxes, edges } = this.graph
    const box = boxes[name]
    element("p", { class: "head" }, this.root, box.title)
    if (box.label) element("p", { class: "about" }, this.root, box.label)
    const [into, out] = [edges.filter((edge) => edge.target === name), edges.filter((edge) => edge.source === name)]
    if (name !== "embed") this.list("Reads", into, (edge) => this.title(edge.source))
    if (name !== "logits") this.list("Is read by", out, (edge) => this.title(edge.target))
  }

  edge(edge) {
    const { picture } = this.graph
    element("p", { class: "head" }, this.root, this.graph.nameOf(edge))
    const many = edge.members.length > 1 ? `, the sum of ${edge.members.length} edges` : ""
    element("p", { class: "about" }, this.root, `${told(edge.value)} logits ${picture.kinds[edge.kind]}${many}`)
    if (!picture.blocks) return
    element("p", { class: "sub" }, this.root, "By positions")
    const rows = Object.entries(picture.blocks).map(([name, values]) => [name, edge.members.reduce((sum, k) => sum + values[k], 0)])
    const most = Math.max(...rows.map(([, value]) => Math.abs(value)))
    const table = element("table", {}, this.root)
    for (const [name, value] of rows) {
      const row = element("tr", {}, table)
      element("th", { scope: "row" }, row, name)
      this.bar(element("td", { class: "size", "aria-hidden": "true" }, row), value, most, edge.kind)
      element("td", { class: "number" }, row, told(value))
    }
  }

  all() {
    const { shown } = this.graph
    element("p", { class: "head" }, this.root, "Edges that are drawn")
    element("p", { class: "about" }, this.root, "Point at a box or an edge, or go there with the Tab and arrow keys, for its numbers.")
    this.list("", shown, (edge) => this.graph.nameOf(edge), ALL_SHOWN)
  }

  title(name) {
    return this.graph.boxes[name].title
  }

  list(title, edges, nameOf, first = SHOWN) {
    if (title) element("p", { class: "sub" }, this.root, `${title} ${edges.length || "nothing"}`)
    if (!edges.length) return
    const table = element("table", { "aria-label": title || "Edges" }, this.root)
    const most = Math.abs(edges[0].value)
    const limit = this.limit[title] ?? first
    for (const edge of edges.slice(0, limit)) {
      const row = element("tr", { class: this.graph.shownSet.has(edge) ? "" : "faint" }, table)
      const head = element("th", { scope: "row" }, row)
      const button = element("button", { type: "button", title: this.graph.hintOf(edge) }, head, nameOf(edge))
      button.addEventListener("click", () => this.graph.cut(edge))
      for (const event of ["pointerenter", "focus"]) button.addEventListener(event, () => this.graph.light(edge))
      for (const event of ["pointerleave", "blur"]) button.addEventListener(event, () => this.graph.light(null))
      if (title) element("td", { class: "kind", title: this.graph.picture.kinds[edge.kind] }, row, edge.kind)
      this.bar(element("td", { class: "size", "aria-hidden": "true" }, row), edge.value, most, edge.kind)
      element("td", { class: "number" }, row, told(edge.value))
    }
    if (edges.length <= limit) return
    const more = element("button", { type: "button", class: "more" }, this.root, `${edges.length - limit} more …`)
    more.addEventListener("click", () => {
      this.limit[title] = limit + MORE
      this.graph.panelNow()
    })
  }

  bar(parent, value, most, kind) {
    const bar = element("i", { class: `${kind}${value < 0 ? " harms" : ""}` }, parent)
    if (value === 0) bar.style.minWidth = 0
    bar.style.width = `${(100 * Math.abs(value)) / (most || 1)}%`
  }
}
