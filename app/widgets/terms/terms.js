// Explains the terms that are marked on a page, wherever they are: one explanation in the browser's top layer, which a
// pointer may enter, and which closes on Escape.
const LATE = 150 // milliseconds to get from a term to its explanation

class Terms {
  constructor() {
    this.tip = make("div", "term-tip", document.querySelector("[data-testid=stApp]") ?? document.body)
    this.tip.id = "term-tip"
    this.tip.setAttribute("role", "tooltip")
    this.tip.setAttribute("popover", "manual")
    this.name = make("strong", "", this.tip)
    this.text = make("span", "", this.tip)
    const listen = (kind, act) => document.addEventListener(kind, act)
    listen("pointerover", (event) => this.over(event.target))
    listen("focusin", (event) => this.show(this.termOf(event.target)))
    listen("focusout", (event) => this.termOf(event.target) && this.hide())
    listen("click", (event) => this.show(this.termOf(event.target)))
    listen("keydown", (event) => event.key === "Escape" && this.hide())
  }

  termOf(target) {
    return target.closest?.("button.term") ?? null
  }

  over(target) {
    const term = this.termOf(target)
    clearTimeout(this.clock)
    if (term) this.show(term)
    else if (!this.tip.contains(target) && this.term !== document.activeElement) this.clock = setTimeout(() => this.hide(), LATE)
  }

  show(term) {
    const found = term && this.data[term.dataset.term]
    if (!found) return
    if (this.term !== term) this.hide()
    this.term = term
    ;[this.name.textContent, this.text.textContent] = found
    term.setAttribute("aria-describedby", this.tip.id)
    this.tip.showPopover?.()
    const { left, top, bottom } = term.getBoundingClientRect()
    const { offsetWidth: width, offsetHeight: height } = this.tip
    this.tip.style.left = `${Math.max(6, Math.min(left, window.innerWidth - width - 10))}px`
    this.tip.style.top = `${bottom + 5 + height > window.innerHeight ? top - height - 5 : bottom + 5}px`
  }

  hide() {
    this.term?.removeAttribute("aria-describedby")
    this.term = null
    this.tip.hidePopover?.()
  }
}

export default function ({ data }) {
  window.puzzlescopeTerms ??= new Terms()
  window.puzzlescopeTerms.data = data
}
