// A Plotly chart that stays: new data is drawn into the same chart, so nothing blinks and no size changes. A click on what has
// something to say (its customdata) is told to the server.
const charts = new WeakMap()
const ICON = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11"/></svg>'
let plotly = null

const plain = (title) => title.replace(/<[^>]*>/g, " ")

function loadPlotly(source) {
  if (window.Plotly) return Promise.resolve()
  plotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script")
    script.src = new URL(source, document.baseURI).href
    script.onload = resolve
    script.onerror = () => {
      plotly = null
      reject(new Error(`${script.src} could not be loaded`))
    }
    document.head.appendChild(script)
  })
  return plotly
}

// The page's own type and colours. The title is text of the page, which goes on in a second line where the first is full.
function dressed(layout, style) {
  const [text, ground, line] = ["--st-text-color", "--st-secondary-background-color", "--st-border-color"].map((name) => style.getPropertyValue(name).trim())
  const font = { family: style.fontFamily, color: text }
  const dressing = { ...layout, title: undefined, font: { size: 12, ...font }, hoverlabel: { bgcolor: ground, bordercolor: line, font: { size: 12, ...font }, ...layout.hoverlabel } }
  for (const axis of Object.keys(layout).filter((name) => /^[xy]axis/.test(name)))
    dressing[axis] = { zerolinecolor: line, ...layout[axis] }
  return dressing
}

const NARROW = 480 // pixels: less is a phone's
const LINE = 38 // letters of an axis title on one line of a phone

// Words in as many lines as they need.
function lines(text) {
  const found = [""]
  for (const word of text.split(" ")) {
    if (found.at(-1) && found.at(-1).length + word.length >= LINE) found.push("")
    found[found.length - 1] = `${found.at(-1)} ${word}`.trim()
  }
  return found.join("<br>")
}

// The same chart for a phone: the legend below, where it has the whole width and no title above it; an axis title goes on in a
// second line; a mark's label is its first line, the rest is on hover.
function narrowed({ data, layout }) {
  const fitted = { ...layout }
  if (layout.legend?.orientation === "h") fitted.legend = { ...layout.legend, x: 0, xanchor: "left", y: 0, yanchor: "bottom", yref: "container" }
  for (const axis of Object.keys(layout).filter((name) => name.startsWith("xaxis"))) {
    const { title } = layout[axis]
    if (title?.text) fitted[axis] = { ...layout[axis], title: { ...title, text: lines(title.text) } }
  }
  const firstLine = (text) => (typeof text === "string" ? text.split("<br>")[0] : text)
  const short = (trace) => (/text/.test(trace.mode ?? "") && Array.isArray(trace.text) ? { ...trace, text: trace.text.map(firstLine) } : trace)
  return { data: data.map(short), layout: fitted }
}

// What a click says: the customdata of the point, as texts; nothing if it has none.
function clicked(event) {
  const data = event?.points?.find((point) => Array.isArray(point.customdata))?.customdata
  return data ? data.map(String) : null
}

function drawChart(view) {
  const { figure } = view.data
  const isNarrow = view.plot.offsetWidth > 0 && view.plot.offsetWidth < NARROW
  if ((view.drawn === figure && view.isNarrow === isNarrow) || !view.plot.isConnected) return
  Object.assign(view, { drawn: figure, isNarrow })
  const whole = JSON.parse(figure)
  const { data, layout } = isNarrow ? narrowed(whole) : whole
  const options = { responsive: true, doubleClick: false, displayModeBar: false }
  window.Plotly.react(view.plot, data, dressed(layout, getComputedStyle(view.plot)), options)
  if (view.listens) return
  view.listens = true
  view.plot.on("plotly_click", (event) => {
    const said = clicked(event)
    if (said) view.trigger("clicked", { said, number: (view.clicks += 1) })
  })
  view.resized = new ResizeObserver(() => {
    if (!view.plot.isConnected || !view.plot.offsetWidth) return
    window.Plotly.Plots.resize(view.plot)
    drawChart(view) // if it has become narrow, or wide
  })
  view.resized.observe(view.plot)
}

function update(view, data) {
  view.data = data
  view.plot.style.height = `${data.height}px`
  view.title.textContent = view.title.title = data.heading
  view.button.title = `Export ${plain(data.title)}`
  view.button.setAttribute("aria-label", view.button.title)
  view.plot.setAttribute("role", "group")
  view.plot.setAttribute("aria-label", data.title)
  const failed = () => {
    view.plot.textContent = "The script that draws charts could not be loaded: reload the page."
  }
  loadPlotly(data.bundle).then(() => drawChart(view), failed)
}

export default function ({ data, parentElement, setTriggerValue }) {
  if (!charts.has(parentElement)) {
    const holder = make("div", "plotly-holder", parentElement)
    const view = { title: make("div", "plotly-title", holder), button: make("button", "plotly-export", holder), plot: make("div", "plotly-view", holder), clicks: 0 }
    view.button.innerHTML = ICON
    view.button.addEventListener("click", () => view.trigger("exported", true))
    view.news = new News(holder, (news) => update(view, news))
    charts.set(parentElement, view)
  }
  const view = charts.get(parentElement)
  view.trigger = setTriggerValue
  update(view, view.news.now(data))
}
