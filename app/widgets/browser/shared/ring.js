// What is spoken of, wherever on the page it is: found, brought into sight, and with a ring around it.
const LOOK = 250 // milliseconds between two looks at where it is: the page fills up meanwhile
const MARGIN = 5 // pixels around it

/** The first element that a selector finds, also within components, which have documents of their own. */
function find(selector, root = document) {
  const found = root.querySelector(selector)
  if (found) return found
  for (const element of root.querySelectorAll("*")) {
    const inner = element.shadowRoot && find(selector, element.shadowRoot)
    if (inner) return inner
  }
  return null
}

/** How far the page has to be scrolled until a box lies between two heights of the window, its top at least; 0 if it does. */
function away(box, top, bottom) {
  if (box.top < top) return box.top - top
  return Math.max(0, Math.min(box.bottom - bottom, box.top - top))
}

const page = () => document.querySelector("[data-testid=stMain]")

function scrollPage(way) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches
  page()?.scrollBy({ top: way, behavior: calm ? "instant" : "smooth" })
}

class Ring {
  constructor(parent) {
    this.root = make("div", "ring", parent)
    this.root.setAttribute("aria-hidden", "true")
    this.root.hidden = true
  }

  /** Around a box; without one it is hidden. */
  place(box) {
    this.root.hidden = !box?.width
    if (this.root.hidden) return
    this.root.style.left = `${box.left - MARGIN}px`
    this.root.style.top = `${box.top - MARGIN}px`
    this.root.style.width = `${box.width + 2 * MARGIN}px`
    this.root.style.height = `${box.height + 2 * MARGIN}px`
  }
}
