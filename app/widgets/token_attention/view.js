// Loads CircuitsVis once from this server and lets it draw one head's pattern, or those of all heads of a layer.
const DECIMALS = 10000
const NAMED_FROM = 0.05 // share of the side that a grid must have for its name to fit
const COLOURS = { positiveColor: "#1f2328", negativeColor: "#1f2328", upperTriColor: "#eceef0" } // on paper; a dark page inverts them
const HINT = "Point at the pattern: a row looks, a column is looked at."
let loading = null
let count = 0

function load(source) {
  if (window.CircuitsVis) return Promise.resolve()
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script")
    script.src = new URL(source, document.baseURI).href
    script.onload = resolve
    script.onerror = () => {
      loading = null
      reject(new Error(`${script.src} could not be loaded`))
    }
    document.head.appendChild(script)
  })
  return loading
}

/** A header's length, the header, then the patterns in ten-thousandths: [head][query][key] as CircuitsVis wants them. */
function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)))
  const levels = new Uint16Array(bytes.slice(4 + length).buffer)
  const side = header.tokens.length
  const row = (head, query) => Array.from({ length: side }, (_, key) => levels[(head * side + query) * side + key] / DECIMALS)
  const patterns = header.heads.map((_, head) => Array.from({ length: side }, (_, query) => row(head, query)))
  return { ...header, patterns }
}

/**
 * A React component whose one child is replaced from outside. CircuitsVis makes a React root at each call and gives no way
 * to unmount what is in it, which would leave a chart behind, in chart.js's list of charts, for every drawing. So this
 * is rendered once, and its child is an element made by hand: React takes any object of that form.
 */
class Stage {
  constructor(props) {
    this.props = props
    this.state = { child: null }
  }

  componentDidMount() {
    this.props.ready(this)
  }

  put(child) {
    this.updater.enqueueSetState(this, { child }, null, "setState")
  }

  render() {
    return this.state.child
  }
}
Stage.prototype.isReactComponent = {}

function element(type, props, key) {
  return { $$typeof: Symbol.for("react.element"), type, props, key, ref: null, _owner: null }
}

/** One head's pattern: what CircuitsVis draws, with the grids marked off, and names only where a grid stands. */
class Plate {
  constructor(parent) {
    this.root = make("div", "plate", parent)
    this.title = make("div", "title", this.root)
    this.down = make("div", "down", this.root) // names beside the rows
    this.field = make("div", "field", this.root)
    this.holder = make("div", "holder", this.field)
    this.holder.id = `attention-view-${++count}` // CircuitsVis looks it up in the document
    this.holder.setAttribute("aria-hidden", "true") // told in words
    this.lines = make("div", "lines", this.field)
    this.across = make("div", "across", this.root)
    this.lines.addEventListener("pointermove", (event) => this.point(event))
    this.lines.addEventListener("pointerleave", () => this.say?.(null))
  }

  stage() {
    this.ready ??= new Promise((resolve) => window.CircuitsVis.render(this.holder.id, Stage, { ready: resolve }))
    return this.ready
  }

  /** The cell of the pattern under the pointer. */
  point(event) {
    const area = this.lines.getBoundingClientRect()
    const place = (at, from, size) => Math.floor((this.side * (at - from)) / size)
    const [key, query] = [place(event.clientX, area.left, area.width), place(event.clientY, area.top, area.height)]
    if (key >= 0 && query >= 0 && key < this.side && query < this.side) this.say({ head: this.head, query, key })
  }

  async show(data, head, turn, say) {
    Object.assign(this, { head, say, side: data.tokens.length })
    this.title.textContent = data.heads.length > 1 ? data.heads[head] : ""
    this.field.setAttribute("role", "img")
    this.field.setAttribute("aria-label", `${data.label}${data.heads.length > 1 ? `, ${data.heads[head]}` : ""}: ${strongest(data, head)}`)
    this.mark(data)
    const stage = await this.stage()
    if (turn() === false) return // a newer drawing, or the end, has come first
    const look = { minValue: 0, maxValue: data.full, ...COLOURS, maskUpperTri: true, showAxisLabels: false }
    stage.put(element(window.CircuitsVis.AttentionPattern, { attention: data.patterns[head], tokens: data.tokens, ...look }, `${++count}`))
  }

  /** Lines where a grid ends, and the grids' names beside and below. */
  mark({ bands, tokens }) {
    for (const part of [this.lines, this.down, this.across]) part.replaceChildren()
    const share = (tokensBefore) => `${(100 * tokensBefore) / tokens.length}%`
    for (const { name, first, length } of bands) {
      if (first) {
        make("i", "row", this.lines).style.top = share(first)
        make("i", "column", this.lines).style.left = share(first)
      }
      if (length / tokens.length < NAMED_FROM) continue
      for (const [part, side] of [[this.down, "top"], [this.across, "left"]])
        make("span", "", part, name).style[side] = share(first + length / 2)
    }
  }

  clear() {
    this.ready?.then((stage) => stage.put(null))
    this.root.hidden = true
  }
}

/** Where a pattern is strongest, in words. */
function strongest({ patterns, tokens }, head) {
  let [best, query, key] = [0, 0, 0]
  patterns[head].forEach((row, i) =>
    row.forEach((weight, j) => {
      if (weight > best && i !== j && j > 0) [best, query, key] = [weight, i, j]
    }),
  )
  return best ? `strongest from ${tokens[query]} to ${tokens[key]}, ${best.toFixed(2)}` : "nothing but the start token and itself"
}

class View {
  constructor(parent) {
    this.root = make("div", "attention-view", parent)
    this.plates = make("div", "plates", this.root)
    this.drawn = []
    this.said = make("p", "said", this.root, HINT)
    this.root.addEventListener("transitionend", () => this.adoptTheme()) // the theme has changed
    this.adoptTheme()
  }

  adoptTheme() {
    const [red, green, blue] = (getComputedStyle(this.root).backgroundColor.match(/[\d.]+/g) ?? [255, 255, 255]).map(Number)
    this.root.dataset.theme = 0.3 * red + 0.59 * green + 0.11 * blue < 128 ? "dark" : "light"
  }

  /** Every run of the page sends the bytes again: what is drawn already stays. */
  alreadyDrawn(bytes) {
    const old = this.bytes
    const same = old?.length === bytes.length && bytes.every((byte, k) => byte === old[k])
    this.bytes = bytes
    return same
  }

  async show(data) {
    const turn = (this.turn = (this.turn ?? 0) + 1)
    try {
      await load(data.bundle)
    } catch (error) {
      this.bytes = null // the next run of the page tries again
      this.said.textContent = `The attention view is not available: ${error.message}.`
      return
    }
    if (turn !== this.turn || !this.root.isConnected) return
    this.data = data
    this.root.setAttribute("role", "group")
    this.root.setAttribute("aria-label", data.label)
    this.root.dataset.shows = data.view
    while (this.drawn.length < data.heads.length) this.drawn.push(new Plate(this.plates))
    this.drawn.forEach((plate, head) => {
      if (head >= data.heads.length) return plate.clear()
      plate.root.hidden = false
      plate.show(data, head, () => turn === this.turn, (at) => this.say(at))
    })
    this.adoptTheme()
  }

  /** The weight under the pointer. */
  say(at) {
    this.said.textContent = HINT
    if (!at) return
    const { tokens, heads, patterns } = this.data
    const whose = heads.length > 1 ? `${heads[at.head]}: ` : ""
    const weight = at.key > at.query ? "nothing, for it comes later" : patterns[at.head][at.query][at.key].toFixed(3)
    this.said.textContent = `${whose}${tokens[at.query]} looks at ${tokens[at.key]}: ${weight}`
  }

  end() {
    this.turn += 1
    for (const plate of this.drawn) plate.clear()
    this.root.remove()
  }
}

const views = new WeakMap()
let calls = 0

export default function ({ data, parentElement }) {
  let view = views.get(parentElement)
  if (!view) views.set(parentElement, (view = new View(parentElement)))
  const call = (view.call = ++calls)
  if (!view.alreadyDrawn(data)) view.show(unpack(data))
  return () => {
    if (view.call !== call) return // a later call has taken over
    view.end()
    views.delete(parentElement)
  }
}
