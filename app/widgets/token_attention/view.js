// Loads CircuitsVis once from this server and lets it draw one head's pattern, or those of all heads of a layer.
const DECIMALS = 10000
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

class View {
  constructor(parent) {
    this.holder = document.createElement("div")
    this.holder.className = "attention-view"
    this.holder.id = `attention-view-${++count}` // CircuitsVis looks it up in the document
    parent.appendChild(this.holder)
  }

  stage() {
    this.ready ??= new Promise((resolve) =>
      window.CircuitsVis.render(this.holder.id, Stage, { ready: resolve }),
    )
    return this.ready
  }

  /** Every run of the page sends the bytes again: what is drawn already stays, and with it the head locked in it. */
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
      this.holder.textContent = `The attention view is not available: ${error.message}.`
      return
    }
    if (turn !== this.turn || !this.holder.isConnected) return
    const stage = await this.stage()
    if (turn !== this.turn) return // a newer drawing, or the end, has come first
    this.holder.setAttribute("role", "group")
    this.holder.setAttribute("aria-label", data.label)
    this.holder.dataset.shows = data.view
    const look = { minValue: 0, maxValue: data.full, positiveColor: "#c8401a", negativeColor: "#0b5cad", maskUpperTri: true }
    const common = { tokens: data.tokens, ...look }
    const { AttentionHeads, AttentionPattern } = window.CircuitsVis
    const child =
      data.view === "heads"
        ? element(AttentionHeads, { attention: data.patterns, attentionHeadNames: data.heads, ...common }, `${turn}`)
        : element(AttentionPattern, { attention: data.patterns[0], showAxisLabels: true, ...common }, `${turn}`)
    stage.put(child)
  }

  end() {
    this.turn += 1
    this.ready?.then((stage) => stage.put(null))
    this.holder.remove()
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
