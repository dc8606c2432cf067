// The puzzle strip. Pointing, keys and downloads are answered here: nothing travels to the server until a cell is chosen.
// Elements are built once and then changed, so that a new prediction appears at once and keyboard focus survives it.
// svg_cells.js stands before this file, mini.js after it: they are one module.

const MOST_COMPARED = 2 // predictions whose likeliest tokens are told side by side; of more, only those of the one pointed at
const HINT = "Point at a cell: what the model thinks of it"

// What became of a cell, told apart by shape as well as by colour. Each line has a white one under it, so that it is seen on
// every colour; paths start at the cell's corner.
const SQUARE = "M1.1 1.1h7.8v7.8h-7.8z"
const CORNERS = "M1.1 3.6v-2.5h2.5M6.4 1.1h2.5v2.5M8.9 6.4v2.5h-2.5M3.6 8.9h-2.5v-2.5"
const RING = "M1.2 5a3.8 3.8 0 1 0 7.6 0a3.8 3.8 0 1 0 -7.6 0z"
const DOT = "M3.2 5a1.8 1.8 0 1 0 3.6 0a1.8 1.8 0 1 0 -3.6 0z"
const KINDS = {
  wrong: { name: "wrong", ink: DARK, path: SQUARE },
  broken: { name: "broken", ink: "#a3082f", path: SQUARE },
  fixed: { name: "fixed", ink: "#00594a", path: RING },
  both: { name: "still wrong", ink: DARK, path: CORNERS, under: SQUARE },
  differs: { name: "differs in the pair", many: "differ in the pair", ink: "#5a1f9c", path: DOT },
  looked: { name: "looked at by the head", ink: "#0b5cad", path: RING },
}
const NO_FAULT = ["differs", "looked"]
const CHOSEN = { ink: "#e0007a", path: "M-0.2 -0.2h10.4v10.4h-10.4z" }
const HERE = { ink: DARK, path: "M-1.5 -1.5h13v13h-13z" }
const PIN = "M5 3.3l1.7 1.7l-1.7 1.7l-1.7 -1.7z"
const FLAG = "M0.2 0.2h5.4l-5.4 5.4z"

// ---- marks ----------------------------------------------------------------------------------------------------------

function outline({ ink, path, under = path }, parent) {
  shape("path", { d: under, fill: "none", stroke: "#ffffff", "stroke-width": 2.4 }, parent)
  shape("path", { d: path, fill: "none", stroke: ink, "stroke-width": 1.2, class: "ink" }, parent)
}

const pin = (parent) => {
  shape("path", { d: PIN, fill: "#ffffff", stroke: "#ffffff", "stroke-width": 1 }, parent)
  shape("path", { d: PIN, fill: DARK }, parent)
}

const flag = (parent) => shape("path", { d: FLAG, fill: "#ff7a00", stroke: DARK, "stroke-width": 0.6 }, parent)

const write = (text, attributes, parent) => shape("text", { fill: DARK, ...attributes }, parent).append(text)

// ---- one panel ------------------------------------------------------------------------------------------------------

function buildPanel(view) {
  const sign = make("div", "sign", view.strip)
  const holder = make("div", "panel", view.strip)
  const head = make("div", "head", holder)
  const panel = { sign, holder, title: make("span", "title", head), note: make("span", "note", head), cells: [] }
  const frame = make("div", "frame", holder)
  panel.svg = shape("svg", { viewBox: "-1 -1 102 102", role: "grid" }, frame)
  panel.hint = make("div", "hint", frame)
  panel.picture = shape("g", { role: "presentation" }, panel.svg)
  for (let row = 0; row < SIDE; row++) {
    const line = shape("g", { role: "row", "aria-label": `row ${row + 1}` }, panel.picture)
    for (let column = 0; column < SIDE; column++) {
      const size = { x: column * CELL, y: row * CELL, width: CELL, height: CELL, stroke: "#d4d4cf", "stroke-width": 0.35 }
      const index = row * SIDE + column
      panel.cells.push(shape("rect", { ...size, class: "cell", role: "gridcell", "data-cell": index, tabindex: -1 }, line))
    }
  }
  const side = SIDE * CELL
  const quiet = { "pointer-events": "none", "aria-hidden": "true" }
  shape("rect", { width: side, height: side, fill: "none", stroke: "#77777a", "stroke-width": 0.6, ...quiet }, panel.picture)
  panel.marks = shape("g", { "text-anchor": "middle", ...quiet }, panel.picture)
  panel.here = shape("g", { class: "here", ...quiet }, panel.svg)
  outline(HERE, panel.here)
  panel.chosen = shape("g", { class: "chosen", ...quiet }, panel.svg)
  outline(CHOSEN, panel.chosen)
  listen(view, panel, frame)
  return panel
}

function updatePanel(view, panel, told) {
  const { data } = view
  const all = JSON.stringify([told, data.colors, data.digits, data.cell])
  if (all === panel.all) return
  panel.all = all
  const blank = !told.cells.length
  panel.told = told
  panel.kinds = new Map(told.kinds)
  panel.sign.className = `sign ${told.opens === "gap" ? "gap" : told.opens ? "" : "none"}`
  panel.sign.textContent = told.opens === "gap" ? "" : told.opens
  panel.holder.dataset.panel = panel.title.textContent = panel.title.title = told.title
  panel.holder.classList.toggle("blank", blank)
  panel.holder.classList.toggle("choosable", told.choosable)
  panel.note.textContent = blank ? "" : told.note
  panel.note.classList.toggle("bad", told.wrong > 0)
  panel.hint.textContent = blank ? told.note : ""
  panel.svg.setAttribute("aria-label", told.note ? `${told.title}, ${told.note}` : told.title)
  const chosen = told.choosable && data.cell !== null
  panel.chosen.setAttribute("visibility", chosen ? "visible" : "hidden")
  if (chosen) panel.chosen.setAttribute("transform", place(data.cell))
  told.cells.forEach((token, index) => {
    const cell = panel.cells[index]
    cell.setAttribute("fill", data.colors[token] ?? "#ffffff")
    cell.setAttribute("aria-label", sentence(view, panel, index))
    cell.setAttribute("aria-selected", chosen && data.cell === index)
  })
  drawMarks(view, panel)
}

function drawMarks({ data }, { marks, told, kinds }) {
  marks.replaceChildren()
  const halo = { stroke: "#ffffff", "stroke-width": 1, "paint-order": "stroke" }
  told.cells.forEach((token, index) => {
    const kind = kinds.get(index)
    const invalid = token >= data.colors.length
    const forced = told.forced.includes(index)
    if (!kind && !invalid && !data.digits && !forced) return
    const spot = shape("g", { transform: place(index) }, marks)
    if (invalid) shape("path", { d: HATCH, stroke: "#8a9099", "stroke-width": 0.5 }, spot)
    if (kind) outline(KINDS[kind], shape("g", { class: NO_FAULT.includes(kind) ? kind : `wrong ${kind}`, "data-kind": kind, "data-cell": index }, spot))
    if (invalid) write(data.short[token], { x: 5, y: 6.5, "font-size": 4.2, ...halo }, spot)
    else if (data.digits) write(token, { x: 5, y: 6.8, "font-size": 5, fill: data.inks[token], opacity: token ? 1 : 0.35 }, spot)
    if (forced) pin(shape("g", { class: "forced", "data-cell": index }, spot))
    if (index === told.first) flag(shape("g", { class: "first", "data-cell": index }, spot))
  })
}

// On the frame: an SVG that listens for focus would become a stop of the Tab key itself.
function listen(view, panel, frame) {
  const index = (event) => Number(event.target.dataset.cell)
  const set = (name, at) => {
    view[name] = at
    say(view)
  }
  frame.addEventListener("pointerover", (event) => event.target.dataset.cell && set("hovered", { panel, index: index(event) }))
  frame.addEventListener("pointerleave", () => set("hovered", null))
  frame.addEventListener("focusin", (event) => {
    setTabStop(view, index(event))
    set("focused", { panel, index: index(event) })
  })
  frame.addEventListener("focusout", () => set("focused", null))
  frame.addEventListener("click", (event) => event.target.dataset.cell && choose(view, panel, index(event)))
  frame.addEventListener("keydown", (event) => press(view, panel, index(event), event))
}

function choose(view, panel, index) {
  if (panel.told.choosable) view.trigger("cell", index)
}

function press(view, panel, index, event) {
  const next = cellAfter(event, index)
  if (event.key === "Escape") event.target.blur()
  else if (event.key === "Enter" || event.key === " ") choose(view, panel, index)
  else if (next !== undefined) panel.cells[next].focus()
  else return
  event.preventDefault()
}

// One cell of each grid is a stop of the Tab key, the same in all: Tab goes on to that cell in the next grid.
function setTabStop(view, index) {
  for (const { cells } of view.panels) {
    cells[view.tabStop].setAttribute("tabindex", -1)
    cells[index].setAttribute("tabindex", 0)
  }
  view.tabStop = index
}

// ---- what is said of a cell -----------------------------------------------------------------------------------------

function verdict({ data }, { told, kinds }, index) {
  const token = told.cells[index]
  const invalid = token >= data.colors.length ? ", invalid in a grid" : ""
  if (!told.truth) return kinds.has(index) ? `, ${KINDS[kinds.get(index)].name}` : invalid
  const right = token === told.truth[index]
  const name = kinds.has(index) ? KINDS[kinds.get(index)].name : "right"
  const forced = told.forced.includes(index) ? ", forced" : ""
  return `${invalid}${forced}, ${name}${right ? "" : `; the truth is ${data.names[told.truth[index]]}`}`
}

function sentence(view, panel, index) {
  const { told } = panel
  const shown = `${where(index)}: ${view.data.names[told.cells[index]]}${verdict(view, panel, index)}`
  if (!told.best) return shown
  const chances = told.best[index].map((token, k) => `${view.data.names[token]} ${percent(told.chance[index][k])}`)
  return `${shown}. Likeliest: ${chances.join(", ")}`
}

function say(view) {
  const at = [view.hovered, view.focused].find((point) => view.panels.includes(point?.panel) && point.panel.told.cells.length)
  for (const panel of view.panels) {
    panel.here.setAttribute("visibility", at ? "visible" : "hidden")
    if (at) panel.here.setAttribute("transform", place(at.index))
    panel.holder.classList.toggle("pointed", at?.panel === panel)
  }
  view.said.replaceChildren()
  view.said.hidden = !at
  if (!at) return
  const what = make("div", "what", view.said)
  make("strong", "", what, at.panel.told.title)
  what.append(`, ${where(at.index)}: `)
  swatch(view, at.panel.told.cells[at.index], what)
  what.append(view.data.names[at.panel.told.cells[at.index]], verdict(view, at.panel, at.index))
  if (!at.panel.told.choosable) return
  const all = view.panels.filter(({ told }) => told.best)
  const predictions = all.length > MOST_COMPARED ? all.filter((panel) => panel === at.panel) : all
  if (!predictions.length) return
  const bars = make("div", "bars", view.said)
  for (const panel of predictions) drawBars(view, panel, at, bars)
}

// The likeliest tokens of every prediction at this cell, one row each, so that clean and ablated can be compared.
function drawBars(view, panel, at, parent) {
  const row = make("div", panel === at.panel ? "row own" : "row", parent)
  make("span", "run", row, `Likeliest, ${panel.told.title}`)
  panel.told.best[at.index].forEach((token, k) => {
    const one = make("span", "chance", row)
    swatch(view, token, one)
    make("span", "name", one, view.data.names[token])
    make("span", "full", make("span", "bar", one)).style.width = `${100 * (panel.told.chance[at.index][k] ?? 0)}%`
    make("span", "number", one, percent(panel.told.chance[at.index][k]))
  })
}

function swatch({ data }, token, parent) {
  make("i", "swatch", parent).style.background = data.colors[token] ?? "#ffffff"
}

// ---- legend ---------------------------------------------------------------------------------------------------------

function outcomes({ data }) {
  const name = (kind, count) => (count > 1 && KINDS[kind].many) || KINDS[kind].name
  const found = data.legend.map(([kind, count]) => [`${count || ""} ${name(kind, count)}`.trim(), (parent) => outline(KINDS[kind], parent)])
  if (data.panels.some((told) => told.wrong)) found.push(["first wrong cell", flag])
  if (data.panels.some((told) => told.forced.length)) found.push(["forced", pin])
  return found
}

function updateLegend(view) {
  const { cell, colors } = view.data
  const chosen = cell === null ? [] : [[`chosen: ${where(cell)}`, (parent) => outline(CHOSEN, parent)]]
  view.legend.replaceChildren()
  for (const [text, draw] of [...outcomes(view), ...chosen]) {
    const entry = make("span", "entry", view.legend)
    const svg = shape("svg", { viewBox: "-1.5 -1.5 13 13", "aria-hidden": "true" }, entry)
    shape("rect", { width: CELL, height: CELL, fill: colors[0], stroke: "#9a9a97", "stroke-width": 0.5 }, svg)
    draw(svg)
    entry.append(text)
  }
}

// ---- the whole ------------------------------------------------------------------------------------------------------

function build(parentElement) {
  const root = make("div", "root", parentElement)
  const view = { root, panels: [], tabStop: 0, hovered: null, focused: null }
  view.strip = make("div", "strip", root)
  const foot = make("div", "foot", root)
  view.legend = make("div", "legend", foot)
  const save = make("button", "save", foot, "Export")
  save.type = "button"
  save.title = "Export the answer"
  save.setAttribute("aria-label", save.title)
  save.addEventListener("click", () => view.trigger("exported", true))
  make("span", "hint-line", foot, HINT).setAttribute("aria-hidden", "true")
  view.said = make("div", "said", make("div", "over", root))
  view.said.hidden = true
  buildMini(view, parentElement)
  return view
}

export default function ({ data, parentElement, setTriggerValue }) {
  let view = views.get(parentElement)
  if (view?.root.parentNode !== parentElement) {
    view?.forget()
    views.set(parentElement, (view = build(parentElement)))
  }
  view.data = data
  view.trigger = setTriggerValue
  while (view.panels.length < data.panels.length) view.panels.push(buildPanel(view))
  for (const { sign, holder } of view.panels.splice(data.panels.length)) {
    sign.remove()
    holder.remove()
  }
  data.panels.forEach((told, k) => updatePanel(view, view.panels[k], told))
  setTabStop(view, view.tabStop)
  updateLegend(view)
  updateMini(view)
  say(view)
}
