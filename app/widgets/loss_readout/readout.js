// Draws the line of numbers. Its elements are made once and then only filled: focus stays where it is, and nothing flickers.
// One explanation for all, in the browser's top layer, where nothing cuts it off; gone on Escape.
function explain(item, tip) {
  const show = () => {
    tip.textContent = item.dataset.help
    tip.showPopover?.()
    const { left, bottom } = item.getBoundingClientRect()
    tip.style.left = `${Math.max(4, Math.min(left, window.innerWidth - tip.offsetWidth - 12))}px`
    tip.style.top = `${bottom + 4}px`
  }
  const hide = () => tip.hidePopover?.()
  item.onfocus = item.onpointerenter = show
  item.onblur = item.onpointerleave = hide
  item.onkeydown = (event) => {
    if (event.key === "Escape") hide() // and return nothing: a handler that returns false takes the key away, Tab too
  }
}

function begin(parent) {
  const line = make("div", "line", make("div", "room", parent))
  line.setAttribute("role", "list")
  const tip = make("div", "tip", parent)
  tip.setAttribute("popover", "manual")
  tip.setAttribute("aria-hidden", "true") // what it says is in the labels
  return line
}

function add(line, tip) {
  const item = make("div", "item", line)
  item.tabIndex = 0
  item.setAttribute("role", "listitem")
  explain(item, tip)
}

function fill(element, item) {
  element.dataset.help = item.help
  element.setAttribute("aria-label", item.spoken)
  element.replaceChildren()
  make("span", "label", element, item.label)
  const value = make("span", "value", element)
  make("span", item.after ? "before past" : "before", value, item.before)
  if (item.after) value.append(" ") // where a line may end
  if (item.after) make("span", item.worse ? "after worse" : "after", value, `→ ${item.after}`)
  if (item.note) value.append(" ")
  if (item.note) make("span", "note", value, `(${item.note})`)
}

export default function ({ data, parentElement }) {
  const line = parentElement.querySelector(".line") ?? begin(parentElement)
  const tip = parentElement.querySelector(".tip")
  line.setAttribute("aria-label", data.label)
  while (line.children.length < data.items.length) add(line, tip)
  data.items.forEach((item, k) => fill(line.children[k], item))
}
