// What stands around the board's tiles: how the next component is ablated, the steps back and forward, and what is ablated.
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

function withRole(element, role, label) {
  element.setAttribute("role", role)
  if (label) element.setAttribute("aria-label", label)
  return element
}

// How the next component is ablated; `choose` is given the method's text.
class Methods {
  constructor(parent, methods, choose) {
    this.methods = methods
    this.root = withRole(make("div", "methods", parent), "group", "Ablate by")
    make("span", "label", this.root, "Ablate by:").setAttribute("aria-hidden", "true")
    const row = make("div", "choices", this.root)
    this.choices = {}
    this.numbers = {}
    for (const method of methods) {
      const { name, label, help, parameter } = method
      this.choices[name] = button("choice", row, label, "", () => choose(this.textOf(method)))
      this.choices[name].title = help
      if (parameter) this.makeNumber(name, parameter, () => choose(this.textOf(method)))
    }
  }

  makeNumber(name, { label, least, most, usual }, choose) {
    const input = (this.numbers[name] = make("input", "number", this.root))
    Object.assign(input, { type: "number", min: least, max: most, value: usual })
    input.setAttribute("aria-label", label)
    input.addEventListener("change", choose)
  }

  of(text) {
    return this.methods.find((method) => method.name === nameOf(text))
  }

  // What is done to a component.
  how(text) {
    return filled(this.of(text).done, text)
  }

  textOf({ name, parameter }) {
    if (!parameter) return name
    const { least, most } = parameter
    return `${name}=${Math.min(most, Math.max(least, Math.round(Number(this.numbers[name].value)) || least))}`
  }

  draw(text) {
    for (const [name, choice] of Object.entries(this.choices)) choice.setAttribute("aria-pressed", String(name === nameOf(text)))
    for (const [name, input] of Object.entries(this.numbers)) {
      input.hidden = name !== nameOf(text)
      if (!input.hidden && input.getRootNode().activeElement !== input) input.value = numberOf(text)
    }
  }
}

const STEPS = { undo: ["↶", "undo"], redo: ["↷", "redo"], reset: ["✕", "reset"] }

// Undo, redo and reset.
class Steps {
  constructor(parent, take) {
    const root = withRole(make("div", "history", parent), "group", "Steps")
    for (const [kind, [icon, word]] of Object.entries(STEPS)) {
      const made = (this[kind] = button("step-button", root, "", kind === "reset" ? "Remove the ablation" : "", () => take(kind)))
      made.title = kind === "reset" ? "Remove the ablation" : word
      make("span", "icon", made, icon).setAttribute("aria-hidden", "true")
      make("span", "word", made, word)
    }
    const save = button("step-button", root, "", "Export the ablation board", () => take("export"))
    save.title = "Export the ablation board"
    make("span", "icon", save, "⤓").setAttribute("aria-hidden", "true")
  }

  draw(can) {
    for (const kind of Object.keys(STEPS)) this[kind].disabled = !can[kind]
  }
}

// What is ablated, a chip a term; `change` is given components, whether they are off, and by what.
class Chips {
  constructor(parent, methods, change) {
    this.methods = methods
    this.change = change
    this.root = make("div", "chips", parent)
  }

  draw(chips) {
    const key = JSON.stringify(chips)
    if (key === this.key) return
    this.key = key
    this.root.replaceChildren()
    if (!chips.length) make("span", "none", this.root, "Nothing is ablated.")
    for (const chip of chips) {
      const box = make("span", "chip", this.root)
      make("span", "name", box, chip.name)
      box.dataset.chip = chip.name
      this.method(box, chip)
      button("cross", box, "✕", `Restore ${chip.name}`, () => this.change(chip.parts, false))
    }
  }

  method(box, chip) {
    const select = make("select", "", box)
    select.setAttribute("aria-label", `What takes the place of ${chip.name}`)
    const fit = this.methods.methods.filter((method) => method.kinds.includes(chip.kind))
    const texts = fit.map(({ name, parameter }) => (parameter ? `${name}=${parameter.usual}` : name))
    for (const method of new Set([...texts, chip.method])) {
      const option = make("option", "", select, this.methods.how(method))
      option.value = method
      option.selected = method === chip.method
    }
    select.addEventListener("change", () => this.change(chip.parts, true, select.value))
  }
}
