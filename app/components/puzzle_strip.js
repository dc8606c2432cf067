// Draws grids as SVG and answers hovering in the browser: nothing travels to the server while the pointer moves.
const SVG = "http://www.w3.org/2000/svg"
const CELL = 10
const HINT = "Point at a cell: its place, its colour and what the model thinks of it."

function shape(name, attributes, parent) {
  const element = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  parent.appendChild(element)
  return element
}

function box(index, inset) {
  const size = CELL - 2 * inset
  return { x: (index % 10) * CELL + inset, y: Math.floor(index / 10) * CELL + inset, width: size, height: size }
}

function element(name, className, text, parent) {
  const made = document.createElement(name)
  made.className = className
  made.textContent = text
  parent.appendChild(made)
  return made
}

function describe(panel, index, data) {
  const place = `${panel.title}, row ${Math.floor(index / 10) + 1}, column ${(index % 10) + 1}`
  const shown = data.names[panel.cells[index]]
  if (!panel.best) return `${place}: ${shown}`
  const chances = panel.best[index].map((token, k) => `${data.names[token]} ${(100 * panel.chance[index][k]).toFixed(1)} %`)
  const verdict = panel.wrong.includes(index) ? "wrong" : "right"
  return `${place}: ${shown}, ${verdict}. Likeliest: ${chances.join(", ")}`
}

function drawGrid(panel, data, parent, said) {
  const note = panel.note ? `, ${panel.note}` : ""
  const svg = shape("svg", { viewBox: "-1 -1 102 102", role: "img", "aria-label": `${panel.title}${note}` }, parent)
  panel.cells.forEach((token, index) => {
    const fill = token < data.colors.length ? data.colors[token] : "#ffffff"
    shape("rect", { ...box(index, 0), fill, class: "cell" }, svg)
    if (token >= data.colors.length) {
      const { x, y } = box(index, 0)
      shape("text", { x: x + CELL / 2, y: y + 6.4, class: "mark" }, svg).textContent = data.short[token]
    }
  })
  shape("rect", { x: 0, y: 0, width: 100, height: 100, class: "edge" }, svg)
  for (const index of panel.wrong || []) {
    shape("rect", { ...box(index, 1), class: "wrong-out" }, svg)
    shape("rect", { ...box(index, 1), class: "wrong-in" }, svg)
  }
  const here = shape("rect", { ...box(0, 0.4), class: "here", visibility: "hidden" }, svg)
  svg.addEventListener("pointermove", (event) => {
    const area = svg.getBoundingClientRect()
    const column = Math.floor(((event.clientX - area.left) / area.width) * 10.2 - 0.1)
    const row = Math.floor(((event.clientY - area.top) / area.height) * 10.2 - 0.1)
    const index = Math.min(9, Math.max(0, row)) * 10 + Math.min(9, Math.max(0, column))
    for (const [key, value] of Object.entries(box(index, 0.4))) here.setAttribute(key, value)
    here.setAttribute("visibility", "visible")
    said.textContent = describe(panel, index, data)
  })
  svg.addEventListener("pointerleave", () => {
    here.setAttribute("visibility", "hidden")
    said.textContent = HINT
  })
}

export default function ({ data, parentElement }) {
  parentElement.querySelector(".root")?.remove()
  const root = element("div", "root", "", parentElement)
  const strip = element("div", "strip", "", root)
  const said = element("div", "said", HINT, root)
  said.setAttribute("aria-live", "polite")
  for (const panel of data.panels) {
    if (panel.opens === "gap") element("div", "sign gap", "", strip)
    else if (panel.opens) element("div", "sign", panel.opens, strip)
    const holder = element("div", "panel", "", strip)
    const head = element("div", "head", "", holder)
    element("span", "title", panel.title, head)
    if (panel.note) element("span", panel.wrong.length ? "note bad" : "note", panel.note, head)
    drawGrid(panel, data, holder, said)
  }
}
