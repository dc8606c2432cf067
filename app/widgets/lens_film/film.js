// The logit lens as a film: a grid a stage. Stepping, playing and pointing are answered here; only a cell that is chosen travels.
// Elements are built once and then changed, so that keyboard focus and the stage on screen survive a new run.
// svg_cells.js stands before this file: the two are one module.

const CELLS = SIDE * SIDE
const CHOSEN = "#e0007a"
const SQUARE = (index) => `M${(index % SIDE) * CELL + 1.1} ${Math.floor(index / SIDE) * CELL + 1.1}h7.8v7.8h-7.8z`
const BEAT = 700 // milliseconds a stage
const HINT = "Point at a cell, or press Tab and the arrow keys: what the model would answer there after this stage."
const EARLY = [232, 240, 250]
const LATE = [8, 48, 107]

// ---- a grid ---------------------------------------------------------------------------------------------------------

// A grid of cells; `reading` says whether its cells can be focused and read one by one.
function buildGrid(parent, reading) {
  const svg = shape("svg", { viewBox: "-1 -1 102 102", ...(reading ? { role: "grid" } : { "aria-hidden": "true" }) }, parent)
  shape("rect", { width: 100, height: 100, fill: "#ffffff" }, svg)
  const grid = { svg, cells: [] }
  for (let row = 0; row < SIDE; row++) {
    const line = shape("g", reading ? { role: "row", "aria-label": `row ${row + 1}` } : {}, svg)
    for (let column = 0; column < SIDE; column++) {
      const index = row * SIDE + column
      const box = { x: column * CELL, y: row * CELL, width: CELL, height: CELL, stroke: "#d4d4cf", "stroke-width": 0.35 }
      const role = reading ? { role: "gridcell", tabindex: index ? -1 : 0 } : {}
      grid.cells.push(shape("rect", { ...box, ...role, class: "cell", "data-cell": index }, line))
    }
  }
  const quiet = { "pointer-events": "none", "aria-hidden": "true" }
  shape("rect", { width: 100, height: 100, fill: "none", stroke: "#77777a", "stroke-width": 0.6, ...quiet }, svg)
  grid.marks = shape("g", { "text-anchor": "middle", ...quiet }, svg)
  grid.under = shape("path", { fill: "none", stroke: "#ffffff", "stroke-width": 2.4, ...quiet }, svg)
  grid.wrong = shape("path", { fill: "none", stroke: DARK, "stroke-width": 1.2, ...quiet }, svg)
  grid.here = shape("rect", { x: -1, y: -1, width: 12, height: 12, fill: "none", stroke: DARK, "stroke-width": 1.4, "stroke-dasharray": "1.7 1.1", ...quiet }, svg)
  grid.chosen = shape("rect", { width: 10, height: 10, fill: "none", stroke: CHOSEN, "stroke-width": 1.4, ...quiet }, svg)
  return grid
}

function ring(element, index) {
  element.setAttribute("visibility", index === null ? "hidden" : "visible")
  if (index !== null) element.setAttribute("transform", place(index))
}

// ---- what a stage answers -------------------------------------------------------------------------------------------

function paint(view, grid, stage) {
  const { data } = view
  const tokens = data.tokens[stage]
  grid.marks.replaceChildren()
  tokens.forEach((token, index) => {
    const cell = grid.cells[index]
    cell.setAttribute("fill", data.colors[token] ?? "#ffffff")
    cell.setAttribute("fill-opacity", view.fade.checked ? Math.max(0.08, data.confidence[stage][index]) : 1)
    const invalid = token >= data.colors.length
    if (!invalid && !data.digits) return
    const spot = shape("g", { transform: place(index) }, grid.marks)
    if (invalid) shape("path", { d: HATCH, stroke: "#8a9099", "stroke-width": 0.5 }, spot)
    const ink = invalid || view.fade.checked ? DARK : data.inks[token]
    const faint = token ? 1 : 0.35
    shape("text", { x: 5, y: 6.8, "font-size": invalid ? 4.2 : 5, fill: ink, opacity: faint }, spot).append(data.short[token])
  })
  const path = tokens.map((token, index) => (token === data.truth[index] ? "" : SQUARE(index))).join("")
  grid.wrong.setAttribute("d", path)
  grid.under.setAttribute("d", path)
}

function sentence({ data }, stage, index) {
  const [token, truth] = [data.tokens[stage][index], data.truth[index]]
  const answer = `${data.names[token]}, ${percent(data.confidence[stage][index])}`
  return token === truth
    ? `${answer}, right`
    : `${answer}, wrong: the truth is ${data.names[truth]}, ${percent(data.ofTruth[stage][index])}`
}

function settledSentence({ data }, index) {
  const stage = data.settled[index]
  return stage < data.stages.length ? `right from ${data.stages[stage]} on` : "not right at the end"
}

function shade(stage, count) {
  const part = count > 1 ? stage / (count - 1) : 0
  return EARLY.map((from, k) => Math.round(from + part * (LATE[k] - from)))
}

// The layer at which each cell becomes right: the darker, the later, and its name in short.
function paintMap(view) {
  const { data, map } = view
  map.marks.replaceChildren()
  data.settled.forEach((stage, index) => {
    const never = stage === data.stages.length
    const color = never ? [255, 255, 255] : shade(stage, data.stages.length)
    map.cells[index].setAttribute("fill", `rgb(${color})`)
    map.cells[index].setAttribute("aria-label", `${where(index)}: ${settledSentence(view, index)}`)
    const spot = shape("g", { transform: place(index) }, map.marks)
    if (never) return void shape("path", { d: "M2.5 2.5l5 5M7.5 2.5l-5 5", stroke: "#b3261e", "stroke-width": 1.4 }, spot)
    const ink = color[0] + color[1] + color[2] > 400 ? DARK : "#ffffff"
    shape("text", { x: 5, y: 6.4, "font-size": 4, fill: ink }, spot).append(data.brief[stage])
  })
}

// ---- one cell through the film --------------------------------------------------------------------------------------

const STEP = 30
const TALL = 110

function drawCourse(view) {
  const { data, course } = view
  const index = pointed(view)?.index ?? data.cell ?? 0
  course.title.textContent = `Row ${Math.floor(index / SIDE) + 1}, column ${(index % SIDE) + 1}, stage by stage`
  course.note.textContent = `${data.names[data.truth[index]]}: ${settledSentence(view, index)}`
  const wide = data.stages.length * STEP + 34
  const { svg } = course
  svg.setAttribute("viewBox", `0 0 ${wide} 172`)
  svg.setAttribute("preserveAspectRatio", "xMinYMid meet")
  svg.setAttribute("aria-label", data.stages.map((stage, k) => `${stage}: ${sentence(view, k, index)}`).join("; "))
  svg.replaceChildren()
  for (const [level, text] of [[0, "0"], [0.5, "½"], [1, "1"]]) {
    const y = 8 + TALL * (1 - level)
    shape("path", { d: `M26 ${y}H${wide}`, class: "axis" }, svg)
    shape("text", { x: 14, y: y + 3.5 }, svg).append(text)
  }
  data.stages.forEach((stage, k) => drawStage(view, svg, index, k))
}

function drawStage(view, svg, index, k) {
  const { data } = view
  const [token, chance] = [data.tokens[k][index], data.ofTruth[k][index]]
  const group = shape("g", { class: k === view.stage ? "stage now" : "stage", "data-stage": k, transform: `translate(${28 + k * STEP} 8)` }, svg)
  shape("rect", { class: "hit", x: 1, y: -6, width: STEP - 2, height: 168, rx: 3 }, group)
  shape("rect", { class: "bar", x: 8, y: TALL * (1 - chance), width: STEP - 16, height: Math.max(0.5, TALL * chance) }, group)
  const swatch = shape("g", { transform: `translate(${STEP / 2 - 8} ${TALL + 7}) scale(1.6)` }, group)
  shape("rect", { width: CELL, height: CELL, fill: data.colors[token] ?? "#ffffff", stroke: "#77777a", "stroke-width": 0.6 }, swatch)
  if (token >= data.colors.length) shape("path", { d: HATCH, stroke: "#8a9099", "stroke-width": 0.5 }, swatch)
  if (token !== data.truth[index]) {
    shape("path", { d: SQUARE(0), fill: "none", stroke: "#ffffff", "stroke-width": 2.4 }, swatch)
    shape("path", { d: SQUARE(0), fill: "none", stroke: DARK, "stroke-width": 1.2 }, swatch)
  }
  const [layer, half] = data.stages[k].split(".")
  shape("text", { x: STEP / 2, y: TALL + 37 }, group).append(layer)
  shape("text", { x: STEP / 2, y: TALL + 49 }, group).append(half ?? "")
  shape("title", {}, group).append(`${data.stages[k]}: ${sentence(view, k, index)}`)
}

// ---- what is on screen ----------------------------------------------------------------------------------------------

const pointed = (view) => view.hovered ?? view.focused

function right({ data }, stage) {
  return data.tokens[stage].filter((token, index) => token === data.truth[index]).length
}

function showStage(view, stage) {
  const { data, large, slider } = view
  view.stage = Math.min(data.stages.length - 1, Math.max(0, stage))
  const name = data.stages[view.stage]
  const count = `${right(view, view.stage)} of ${CELLS} right`
  large.title.textContent = `After ${name}${data.off[view.stage] ? " (ablated)" : ""}`
  large.note.textContent = count
  large.svg.setAttribute("aria-label", `What the model would answer after ${name}, ${count}`)
  paint(view, large, view.stage)
  large.cells.forEach((cell, index) => cell.setAttribute("aria-label", `${where(index)}: ${sentence(view, view.stage, index)}`))
  slider.value = view.stage
  slider.setAttribute("aria-valuetext", `after ${name}, ${count}`)
  view.thumbs.forEach(({ button }, k) => button.setAttribute("aria-current", k === view.stage))
  say(view)
}

function say(view) {
  const { data, said } = view
  const at = pointed(view)
  for (const grid of [view.large, view.map, ...view.thumbs.map((thumb) => thumb.grid)]) {
    ring(grid.here, at?.index ?? null)
    ring(grid.chosen, data.cell)
  }
  drawCourse(view)
  said.replaceChildren()
  said.classList.toggle("idle", !at)
  if (!at) return void said.append(HINT)
  const stage = at.stage ?? view.stage
  make("strong", "", said, `After ${data.stages[stage]}`)
  said.append(`, ${where(at.index)}: `)
  make("i", "swatch", said).style.background = data.colors[data.tokens[stage][at.index]] ?? "#ffffff"
  said.append(`${sentence(view, stage, at.index)}; ${settledSentence(view, at.index)}.`)
}

// ---- keys, pointer, player ------------------------------------------------------------------------------------------

function listen(view, frame, grid) {
  const index = (event) => Number(event.target.dataset.cell)
  const set = (name, at) => {
    view[name] = at
    say(view)
  }
  frame.addEventListener("pointerover", (event) => event.target.dataset.cell && set("hovered", { index: index(event) }))
  frame.addEventListener("pointerleave", () => set("hovered", null))
  frame.addEventListener("focusin", (event) => {
    grid.cells[grid.tabStop ?? 0].setAttribute("tabindex", -1)
    grid.cells[(grid.tabStop = index(event))].setAttribute("tabindex", 0)
    view.hovered = null // what moved last is told
    set("focused", { index: index(event) })
  })
  frame.addEventListener("focusout", () => set("focused", null))
  frame.addEventListener("click", (event) => event.target.dataset.cell && view.trigger("cell", index(event)))
  frame.addEventListener("keydown", (event) => press(view, grid, index(event), event))
}

function press(view, grid, index, event) {
  const next = cellAfter(event, index)
  if (event.key === "Escape") event.target.blur()
  else if (event.key === "Enter" || event.key === " ") view.trigger("cell", index)
  else if (event.key === "PageUp") step(view, -1)
  else if (event.key === "PageDown") step(view, 1)
  else if (next !== undefined) grid.cells[next].focus()
  else return
  event.preventDefault()
}

function pause(view) {
  clearInterval(view.playing)
  view.playing = null
  view.play.textContent = "▶"
  view.play.setAttribute("aria-label", "Play")
}

function play(view) {
  if (view.playing) return pause(view)
  if (view.stage === view.data.stages.length - 1) showStage(view, 0)
  view.playing = setInterval(() => {
    showStage(view, view.stage + 1)
    if (view.stage === view.data.stages.length - 1) pause(view)
  }, BEAT)
  view.play.textContent = "❚❚"
  view.play.setAttribute("aria-label", "Pause")
}

function step(view, by) {
  pause(view)
  showStage(view, view.stage + by)
}

function buildPanel(view, parent) {
  const holder = make("div", "panel", parent)
  const head = make("div", "head", holder)
  const [title, note] = [make("span", "title", head), make("span", "note", head)]
  const frame = make("div", "frame", holder)
  const grid = { ...buildGrid(frame, true), title, note }
  listen(view, frame, grid)
  return grid
}

function buildPlayer(view, parent) {
  const player = make("div", "player", parent)
  const button = (text, label, act) => {
    const made = make("button", "", player, text)
    made.type = "button"
    made.setAttribute("aria-label", label)
    made.addEventListener("click", act)
    return made
  }
  button("|◀", "Stage before", () => step(view, -1))
  view.play = button("▶", "Play", () => play(view))
  button("▶|", "Next stage", () => step(view, 1))
  view.slider = make("input", "", player)
  Object.assign(view.slider, { type: "range", min: 0, step: 1 })
  view.slider.setAttribute("aria-label", "Stage")
  view.slider.addEventListener("input", () => step(view, Number(view.slider.value) - view.stage))
  const label = make("label", "", player)
  view.fade = make("input", "", label)
  view.fade.type = "checkbox"
  label.append("fade what is uncertain")
  view.fade.addEventListener("change", () => update(view))
}

function buildThumb(view, k) {
  const button = make("button", "thumb", view.strip)
  button.type = "button"
  const grid = buildGrid(button, false)
  const label = make("span", "label", button)
  const thumb = { button, grid, name: make("span", "name", label), count: make("span", "count", label) }
  button.addEventListener("click", () => step(view, k - view.stage))
  button.addEventListener("pointerover", (event) => {
    if (event.target.dataset.cell) view.hovered = { index: Number(event.target.dataset.cell), stage: k }
    say(view)
  })
  button.addEventListener("pointerleave", () => {
    view.hovered = null
    say(view)
  })
  return thumb
}

function build(parentElement) {
  const root = make("div", "root", parentElement)
  const view = { root, thumbs: [], hovered: null, focused: null, playing: null, stage: null }
  const top = make("div", "top", root)
  view.large = buildPanel(view, top)
  view.map = buildPanel(view, top)
  const course = make("div", "course", top)
  const head = make("div", "head", course)
  view.course = { title: make("span", "title", head), note: make("span", "note", head), svg: shape("svg", { role: "img" }, course) }
  view.course.svg.addEventListener("click", (event) => {
    const stage = event.target.closest("[data-stage]")?.dataset.stage
    if (stage !== undefined) step(view, Number(stage) - view.stage)
  })
  buildPlayer(view, root)
  view.strip = make("div", "strip", root)
  view.said = make("div", "said idle", root, HINT)
  return view
}

function update(view) {
  const { data } = view
  while (view.thumbs.length < data.stages.length) view.thumbs.push(buildThumb(view, view.thumbs.length))
  for (const { button } of view.thumbs.splice(data.stages.length)) button.remove()
  view.strip.style.setProperty("--stages", data.stages.length)
  view.thumbs.forEach((thumb, k) => {
    const count = right(view, k)
    thumb.name.textContent = data.stages[k]
    thumb.count.textContent = count
    thumb.button.classList.toggle("off", data.off[k])
    thumb.button.setAttribute("aria-label", `After ${data.stages[k]}${data.off[k] ? ", ablated" : ""}: ${count} of ${CELLS} cells right`)
    paint(view, thumb.grid, k)
  })
  view.map.title.textContent = "Right from"
  view.map.note.textContent = `${data.settled.filter((stage) => stage === data.stages.length).length} never`
  view.map.svg.setAttribute("aria-label", "The stage from which each cell is right and stays right")
  paintMap(view)
  view.slider.max = data.stages.length - 1
  showStage(view, view.stage ?? data.stages.length - 1)
}

export default function ({ data, parentElement, setTriggerValue }) {
  let view = views.get(parentElement)
  if (view?.root.parentNode !== parentElement) views.set(parentElement, (view = build(parentElement)))
  view.data = data
  view.trigger = setTriggerValue
  update(view)
  return () => pause(view)
}
