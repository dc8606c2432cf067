// The second part of the module that paint.js begins: colours, tools, steps, and what is done to a whole grid.
const COLOURS_BY_KEY = "0123456789a"
const TOOLS = { brush: ["Brush", "Paint cell by cell"], rectangle: ["Rectangle", "Drag from corner to corner"] }
const FOLLOWS = "Answer follows"
const FOLLOWS_HELP = "When one of the first three grids is painted, the task's solver paints the answer anew if it is determined."

const flipped = (before, index) => before[index + SIDE - 1 - 2 * (index % SIDE)]
const upended = (before, index) => before[(SIDE - 1 - Math.floor(index / SIDE)) * SIDE + (index % SIDE)]

class Tools {
  constructor(easel) {
    this.easel = easel
    this.root = make("div", "tools", easel.root)
    this.makeColours()
    this.kinds = new Map()
    const kinds = this.group("segments", "Tool")
    for (const [tool, [name, help]] of Object.entries(TOOLS)) {
      this.kinds.set(
        tool,
        this.press(kinds, name, help, () => {
          easel.tool = tool
          this.draw()
        }),
      )
    }
    const steps = this.group("segments", "Steps")
    this.back = this.press(steps, "Undo", "Undo (Ctrl+Z)", () => easel.go(-1))
    this.forth = this.press(steps, "Redo", "Redo (Ctrl+Shift+Z)", () => easel.go(1))
    this.makeFollows()
  }

  group(className, label) {
    const made = make("div", className, this.root)
    made.setAttribute("role", "group")
    made.setAttribute("aria-label", label)
    return made
  }

  press(parent, text, label, act) {
    const button = make("button", "press", parent, text)
    button.type = "button"
    button.title = label
    if (text.length < 2) button.setAttribute("aria-label", label)
    button.addEventListener("click", act)
    return button
  }

  makeColours() {
    const group = make("div", "colours", this.root)
    group.setAttribute("role", "radiogroup")
    group.setAttribute("aria-label", "Colour")
    this.swatches = Array.from({ length: COLOURS }, (_, colour) => {
      const swatch = make("button", "swatch", group)
      swatch.type = "button"
      swatch.setAttribute("role", "radio")
      swatch.addEventListener("click", () => this.pick(colour))
      return swatch
    })
    group.addEventListener("keydown", (event) => this.along(event))
  }

  along(event) {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
    if (!by) return
    event.preventDefault()
    this.pick((this.easel.colour + by + COLOURS) % COLOURS)
    this.swatches[this.easel.colour].focus()
  }

  makeFollows() {
    const label = make("label", "follows", this.root)
    label.title = FOLLOWS_HELP
    const box = make("input", "", label)
    Object.assign(box, { type: "checkbox", checked: this.easel.follow })
    label.append(FOLLOWS)
    box.addEventListener("change", () => (this.easel.follow = box.checked))
  }

  pick(colour) {
    this.easel.colour = colour
    this.draw()
  }

  /** What is done to one grid. */
  ofGrid(panel) {
    const { easel } = this
    const line = make("div", "own", panel.holder)
    this.press(line, "⇄", "Reflect left and right", () => easel.change(panel.place, flipped))
    this.press(line, "⇅", "Reflect up and down", () => easel.change(panel.place, upended))
    this.press(line, "Clear", "Make all cells blank", () => easel.change(panel.place, () => 0))
    panel.copies = make("select", "copies", line)
    panel.copies.title = "Copy this grid over another"
    panel.copies.setAttribute("aria-label", panel.copies.title)
    panel.copies.addEventListener("change", () => {
      const to = Number(panel.copies.value)
      panel.copies.value = ""
      easel.copy(panel.place, to)
    })
  }

  draw() {
    const { easel } = this
    const { data } = easel
    this.swatches.forEach((swatch, colour) => {
      const chosen = colour === easel.colour
      swatch.style.background = data.colors[colour]
      swatch.title = `${data.names[colour]} (${COLOURS_BY_KEY[colour]})`
      swatch.setAttribute("aria-label", data.names[colour])
      swatch.setAttribute("aria-checked", chosen)
      swatch.tabIndex = chosen ? 0 : -1
    })
    this.kinds.forEach((button, tool) => button.setAttribute("aria-pressed", tool === easel.tool))
    this.back.disabled = easel.at === 0
    this.forth.disabled = easel.at >= easel.steps.length - 1
    for (const panel of easel.panels ?? []) this.fill(panel)
  }

  fill({ copies, place }) {
    const { titles } = this.easel.data
    const wanted = titles.join()
    if (copies.dataset.titles === wanted) return
    copies.dataset.titles = wanted
    copies.replaceChildren(new Option("Copy to", ""))
    titles.forEach((title, to) => to !== place && copies.add(new Option(title, to)))
  }
}
