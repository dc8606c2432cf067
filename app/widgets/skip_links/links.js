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

function lead(key) {
  const stop = [...document.querySelectorAll(`[class*="st-key-${key}"]`)].map(firstStop).find(Boolean)
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
  for (const { name, letter, key } of data.targets) {
    const link = make("button", "", nav, `Skip to ${name} (${letter})`)
    link.type = "button"
    link.addEventListener("click", () => lead(key))
  }
  const press = (event) => {
    const target = !isTyping(event) && data.targets.find(({ letter }) => letter === event.key)
    if (target && lead(target.key)) event.preventDefault()
  }
  document.addEventListener("keydown", press)
  return () => document.removeEventListener("keydown", press)
}
