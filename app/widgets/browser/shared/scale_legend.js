// The legend of a colour scale: a bar of the colours that tiles have, ticks below it, and where the largest effect here is.

function drawLegend(parent, { title, help, steps, ticks, largest }) {
  parent.replaceChildren()
  parent.title = help
  make("span", "title", parent, title)
  const scale = make("div", "scale", parent)
  const bar = make("div", "steps", scale)
  bar.setAttribute("role", "img")
  bar.setAttribute("aria-label", `Colour scale: ${title}. ${help}`)
  for (const colour of steps) make("i", "step", bar).style.setProperty("--cost", colour)
  for (const [along, text] of ticks) make("span", "tick", scale, text).style.left = `${100 * along}%`
  if (!largest) return
  const [along, told] = largest
  const mark = make("span", along > 0.5 ? "largest left" : "largest", scale)
  mark.style.left = `${100 * along}%`
  make("span", "told", mark, `largest here: ${told}`)
}
