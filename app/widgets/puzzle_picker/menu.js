// A button with a list that opens below it: a listbox, walked through with the arrow keys.

class Menu {
  /** `columns` of options stand side by side; `opened` is called before the list is drawn, `chosen` with an option's value. */
  constructor(parent, name, { className, columns = 1, opened, chosen }) {
    Object.assign(this, { columns, opened, chosen, options: [] })
    this.button = make("button", `box ${className}`, parent)
    this.button.type = "button"
    this.button.setAttribute("aria-haspopup", "listbox")
    this.button.setAttribute("aria-expanded", "false")
    this.name = name
    this.popup = make("div", `popup ${className}`, parent)
    this.popup.setAttribute("popover", "auto")
    this.head = make("div", "head", this.popup)
    this.list = make("div", "list", this.popup)
    this.list.setAttribute("role", "listbox")
    this.list.setAttribute("aria-label", name)
    this.foot = make("div", "foot", this.popup)
    this.button.addEventListener("click", () => (this.open ? this.close() : this.show()))
    // A press on the button of an open list closes it before the click comes, which would open it again.
    this.button.addEventListener("pointerdown", () => (this.pressed = this.open))
    this.popup.addEventListener("toggle", (event) => this.toggled(event.newState === "open"))
    this.popup.addEventListener("keydown", (event) => this.key(event))
  }

  get open() {
    return this.popup.matches(":popover-open")
  }

  say(text, title = "") {
    if (this.button.textContent !== text) this.button.textContent = text
    this.button.setAttribute("aria-label", `${this.name}: ${text}`)
    this.button.title = title
  }

  show() {
    if (this.pressed) return void (this.pressed = false)
    this.opened?.()
    this.popup.showPopover()
    this.place()
    const chosen = this.options.find(({ node }) => node.getAttribute("aria-selected") === "true")
    this.focus(this.options.indexOf(chosen ?? this.options.find(({ node }) => node.ariaDisabled !== "true")))
  }

  place() {
    const [under, own] = [this.button.getBoundingClientRect(), this.popup.getBoundingClientRect()]
    this.popup.style.left = `${Math.max(8, Math.min(under.left, innerWidth - own.width - 8))}px`
    this.popup.style.top = `${Math.max(8, Math.min(under.bottom + 4, innerHeight - own.height - 8))}px`
  }

  close() {
    this.popup.hidePopover()
    this.button.focus()
  }

  toggled(open) {
    this.pressed = false
    this.button.setAttribute("aria-expanded", String(open))
  }

  /** Draw the options anew: each a value, whether it is chosen or not to be chosen, its name, and what fills it. */
  fill(options) {
    const active = this.list.getRootNode().activeElement
    const at = this.options.findIndex(({ node }) => node === active)
    this.list.replaceChildren()
    this.options = options.map((option) => ({ ...option, node: this.option(option) }))
    if (this.open) this.place()
    if (at >= 0) this.focus(Math.min(at, options.length - 1))
  }

  option({ value, chosen, disabled, name, draw }) {
    const node = make("div", "option", this.list)
    node.setAttribute("role", "option")
    node.setAttribute("aria-selected", String(Boolean(chosen)))
    node.setAttribute("aria-label", name)
    node.tabIndex = -1
    if (disabled) node.setAttribute("aria-disabled", "true")
    draw(node)
    node.addEventListener("click", () => disabled || this.choose(value))
    return node
  }

  choose(value) {
    this.close()
    this.chosen(value)
  }

  focus(at) {
    this.options[at]?.node.focus({ preventScroll: false })
  }

  key(event) {
    const at = this.options.findIndex(({ node }) => node === event.composedPath()[0])
    if (at < 0) return
    const steps = { ArrowDown: this.columns, ArrowUp: -this.columns, ArrowRight: 1, ArrowLeft: -1 }
    const last = this.options.length - 1
    const ends = { Home: 0, End: last }
    if (event.key in steps) this.focus(Math.max(0, Math.min(last, at + steps[event.key])))
    else if (event.key in ends) this.focus(ends[event.key])
    else if (event.key === "Enter" || event.key === " ") this.options[at].node.click()
    else if (event.key === "PageDown" || event.key === "PageUp") this.turn?.(event.key === "PageDown" ? 1 : -1)
    else if (event.key === "Tab") return void this.popup.hidePopover()
    else return
    event.preventDefault()
    event.stopPropagation()
  }
}
