// Leads the focus to a part of the page, by a link or by its letter.
const FOCUSABLE = '[tabindex="0"], button:not([disabled]):not([tabindex="-1"]), input, select, a[href]'

// The first thing in it that the Tab key stops at, inside components too.
function firstStop(root) {
  for (const element of root.querySelectorAll("*")) {
    if (element.matches(FOCUSABLE) && element.getClientRects().length) return element
    const inner = element.shadowRoot && firstStop(element.shadowRoot)
    if (inner) return inner
  }
  return null
}

function all(root, selector) {
  const inner = [...root.querySelectorAll("*")].flatMap((element) => (element.shadowRoot ? all(element.shadowRoot, selector) : []))
  return [...root.querySelectorAll(selector), ...inner]
}

function lead({ key, within }) {
  const widgets = [...document.querySelectorAll(`[class*="st-key-${key}"]`)]
  const places = within ? widgets.map((widget) => all(widget, within).at(-1)).filter(Boolean) : widgets
  const stop = places.map(firstStop).find(Boolean)
  stop?.scrollIntoView({ block: "center" })
  stop?.focus()
  return Boolean(stop)
}

// Whether a key is a letter of a text, or belongs to a control that has letters of its own.
function isTyping(event) {
  const [at] = event.composedPath()
  return event.ctrlKey || event.metaKey || event.altKey || at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName)
}

export default function ({ data, parentElement }) {
  const nav = parentElement.querySelector(".skip") ?? make("nav", "skip", parentElement)
  nav.setAttribute("aria-label", "Short ways")
  nav.replaceChildren()
  for (const target of data.targets) {
    const link = make("button", "", nav, `Skip to ${target.name} (${target.letter})`)
    link.type = "button"
    link.addEventListener("click", () => lead(target))
  }
  const press = (event) => {
    const target = !isTyping(event) && data.targets.find(({ letter }) => letter === event.key)
    if (target && lead(target)) event.preventDefault()
  }
  document.addEventListener("keydown", press)
  return () => document.removeEventListener("keydown", press)
}
