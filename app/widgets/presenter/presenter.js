// The page before an audience: its keys, its small bar of tools, the dot that follows the mouse, and the list of keys.

class Presenter {
  constructor(parent) {
    this.root = make("div", "presenter", parent)
    this.tools = make("div", "tools", this.root)
    this.tools.setAttribute("role", "toolbar")
    this.tools.setAttribute("aria-label", "Before an audience")
    this.tool("Full screen", "f", () => this.fill())
    this.dotted = this.tool("Pointer", "l", () => this.point())
    this.tool("Keys", "?", () => this.list())
    this.tool("Leave", "p", () => this.send(false))
    this.dot = make("div", "dot", this.root)
    this.dot.hidden = true
    this.keys = make("dialog", "keys", this.root)
    this.keys.setAttribute("aria-label", "Keys of this page")
    this.keys.addEventListener("click", () => this.keys.close())
    this.press = (event) => this.key(event)
    this.move = ({ clientX, clientY }) => (this.dot.style.transform = `translate(${clientX}px, ${clientY}px)`)
    document.addEventListener("keydown", this.press)
  }

  tool(name, key, act) {
    const made = make("button", "tool", this.tools, name)
    made.type = "button"
    make("kbd", "", made, key).setAttribute("aria-hidden", "true")
    made.setAttribute("aria-keyshortcuts", key)
    made.addEventListener("click", act)
    return made
  }

  key(event) {
    if (event.key === "Escape") return this.escape(event)
    const act = { p: () => this.leaveOrEnter(), f: () => this.fill(), l: () => this.point(), "?": () => this.list() }[event.key]
    if (!act || this.keys.open || event.repeat || !isFree(event)) return
    event.preventDefault()
    act()
  }

  // Whoever has something open of the page's own closes that first.
  escape(event) {
    if (this.keys.open || !this.presenting || document.fullscreenElement || !isFree(event)) return
    if (document.querySelector("[data-testid=stPopoverBody], [role=dialog]")) return
    this.point(false)
    this.send(false)
  }

  leaveOrEnter() {
    if (this.presenting) this.point(false)
    this.send(!this.presenting)
  }

  fill() {
    if (document.fullscreenElement) document.exitFullscreen()
    else document.documentElement.requestFullscreen?.().catch(() => {}) // a browser may refuse
  }

  point(on = this.dot.hidden) {
    this.dot.hidden = !on
    this.dotted.setAttribute("aria-pressed", String(on))
    document[on ? "addEventListener" : "removeEventListener"]("pointermove", this.move)
  }

  list() {
    if (this.keys.open) this.keys.close()
    else this.keys.showModal()
  }

  update({ presenting, keys }, send) {
    Object.assign(this, { presenting, send })
    this.root.classList.toggle("shown", presenting)
    if (!this.keys.childElementCount) this.fillList(keys)
  }

  fillList(keys) {
    make("h2", "", this.keys, "Keys")
    const list = make("dl", "", this.keys)
    for (const [key, what] of keys) {
      make("kbd", "", make("dt", "", list), key)
      make("dd", "", list, what)
    }
    make("button", "tool", this.keys, "Close").type = "button"
  }

  detach() {
    document.removeEventListener("keydown", this.press)
    this.point(false)
    this.root.remove()
  }
}

export default kept(Presenter, "present")
