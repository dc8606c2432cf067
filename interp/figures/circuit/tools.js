// What stands above a circuit's picture: the threshold, what is shown, and what can be done with boxes.
class Tools {
  constructor(parent, graph) {
    this.graph = graph
    this.root = element("div", { class: "tools" }, parent)
    this.slider()
    this.positions()
    this.acts()
    this.legend()
    this.choosing = false
  }

  slider() {
    const label = element("label", { class: "least" }, this.root)
    element("span", {}, label, "Edges")
    this.range = element("input", { type: "range", min: 0, max: STEPS, step: 1 }, label)
    this.said = element("output", {}, label)
    this.range.addEventListener("input", () => {
      const { edges, picture, state } = this.graph
      const count = Math.max(1, Math.round(edges.length ** (this.range.value / STEPS)))
      const usual = count === edges.length && count <= picture.first // as it is before anybody chooses
      state.least = usual ? null : count === edges.length ? 0 : Math.abs(edges[count - 1]?.value ?? 0)
      this.sliding = true
      this.graph.threshold()
      this.sliding = false
      this.graph.changed()
    })
  }

  positions() {
    const label = element("label", { class: "positions" }, this.root)
    element("span", {}, label, "Positions")
    this.block = element("select", {}, label)
    this.block.addEventListener("change", () => {
      this.graph.state.block = this.block.value
      this.graph.state.least = null
      this.graph.remade()
    })
    this.label = label
  }

  legend() {
    this.kinds = element("div", { class: "kinds", role: "group", "aria-label": "Edges by what reads them" }, this.root)
  }

  acts() {
    const bar = element("div", { class: "acts", role: "group", "aria-label": "Boxes" }, this.root)
    const act = (text, title, does) => {
      const button = element("button", { type: "button", title }, bar, text)
      button.addEventListener("click", does)
      return button
    }
    const { graph } = this
    this.choose = act("Choose", "A click on a box chooses it, and does not ablate it", () => {
      this.choosing = !this.choosing
      this.show()
    })
    this.merge = act("Merge", "The chosen boxes as one; a chosen group as its parts again", () => graph.merge())
    this.naming = act("Name", "Call the chosen box otherwise", () => this.askName())
    this.pin = act("Pin", "The edges of the chosen boxes stay, however small", () => graph.pin())
    this.hide = act("Hide", "Leave the chosen boxes out, with their edges", () => graph.hide())
    this.roles = act("Merge by role", "Heads of a layer that do the same as one box each", () => graph.mergeByRole())
    this.back = act("Reset", "All boxes as they were", () => graph.reset())
    this.field = element("input", { type: "text", class: "naming", maxlength: 40, "aria-label": "Name of the chosen box", hidden: "" }, bar)
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return
      event.stopPropagation()
      this.field.hidden = true
      if (event.key === "Enter") graph.name(this.field.value.trim())
      graph.nodes[graph.at]?.focus()
    })
  }

  askName() {
    const [box] = this.graph.chosen
    if (!box) return
    this.field.hidden = false
    this.field.value = this.graph.state.names[box] ?? this.graph.boxes[box].title
    this.field.focus()
    this.field.select()
  }

  show() {
    const { graph } = this
    const { picture, state, edges, shown, wanted, least, chosen } = graph
    if (!edges?.length) return this.said.replaceChildren("no edges")
    const at = Math.max(1, edges.filter((edge) => Math.abs(edge.value) >= least).length)
    if (!this.sliding) this.range.value = edges.length > 1 ? Math.round((STEPS * Math.log(at)) / Math.log(edges.length)) : STEPS
    const capped = wanted > shown.length ? `, of ${wanted.toLocaleString("en")} that are as strong` : ""
    const count = `${shown.length.toLocaleString("en")} of ${edges.length.toLocaleString("en")}`
    const all = shown.length === edges.length ? `all ${edges.length.toLocaleString("en")}` : ""
    const words = all || (capped ? `the strongest ${shown.length.toLocaleString("en")} are drawn${capped}` : `${count}, effect ≥ ${told(least).replace("+", "")} logits`)
    this.said.textContent = words
    this.range.setAttribute("aria-valuetext", words)
    this.showPositions(picture, state)
    this.showKinds(picture, state)
    this.choose.setAttribute("aria-pressed", this.choosing)
    this.choose.hidden = !graph.tell.event
    const [only] = chosen.size === 1 ? chosen : [""]
    const splits = Boolean(only) && graph.boxes[only]?.parts.length > 1
    this.merge.textContent = splits ? "Split" : "Merge"
    this.merge.disabled = !splits && chosen.size < 2
    this.naming.disabled = chosen.size !== 1
    this.pin.disabled = this.hide.disabled = !chosen.size
    this.roles.hidden = new Set(Object.values(picture.labels)).size === 0
    const { groups, names, places, pinned, hidden } = state
    this.back.disabled = !(groups.length || pinned.length || hidden.length || Object.keys(names).length || Object.keys(places).length)
    this.back.textContent = hidden.length ? `Reset (${hidden.length} hidden)` : "Reset"
  }

  showPositions(picture, state) {
    this.label.hidden = !picture.blocks
    const names = ["", ...Object.keys(picture.blocks ?? {})]
    if (this.names !== names.join()) this.block.replaceChildren(...names.map((name) => element("option", { value: name }, null, name || "all")))
    this.names = names.join()
    this.block.value = state.block
  }

  showKinds(picture, state) {
    const { graph } = this
    const all = Object.keys(picture.kinds)
    if (this.shownId !== picture.id) {
      this.shownId = picture.id
      this.kinds.replaceChildren()
      for (const kind of all) {
        const button = element("button", { type: "button", class: `chip ${kind}`, "data-kind": kind, title: "Show or leave out" }, this.kinds)
        element("i", { "aria-hidden": "true" }, button)
        button.append(picture.kinds[kind])
        button.addEventListener("click", () => {
          const on = new Set(graph.state.kinds)
          if (!on.delete(kind)) on.add(kind)
          graph.state.kinds = all.filter((one) => on.has(one))
          graph.remade()
        })
      }
      for (const [name, text] of [["helps", "helps"], ["harms", "harms"]]) {
        const key = element("span", { class: `key ${name}` }, this.kinds)
        element("i", { "aria-hidden": "true" }, key)
        key.append(text)
      }
      for (const share of [1, 0.1, 0.01]) {
        const key = element("span", { class: "key width" }, this.kinds)
        element("i", { "aria-hidden": "true" }, key).style.borderTopWidth = `${lineWidth(share, 1)}px`
        key.append(Number((share * picture.strongest).toPrecision(2)).toLocaleString("en", { maximumSignificantDigits: 2 }))
      }
    }
    for (const button of this.kinds.querySelectorAll("button")) button.setAttribute("aria-pressed", state.kinds.includes(button.dataset.kind))
  }
}
