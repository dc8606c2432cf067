// What views that draw on canvases have in common: how their message begins, their colours, and their life on the page.

/** The header at the beginning of a message, and its length; the arrays follow at 4 + length. */
function headerOf(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)))
  return { header, length }
}

function themeOf(element) {
  const style = getComputedStyle(element)
  const [red, green, blue] = style.backgroundColor.match(/[\d.]+/g).map(Number)
  const dark = 0.3 * red + 0.59 * green + 0.11 * blue < 128
  return { ink: dark ? "#ffffff" : "#000000", paper: style.backgroundColor, mark: style.outlineColor }
}

/** A view that is drawn anew when its size or the theme changes: it has a `root` and can `draw`. */
class CanvasView {
  watch() {
    this.root.addEventListener("transitionend", () => this.schedule()) // the theme has changed
    this.watcher = new ResizeObserver(() => this.schedule())
    this.watcher.observe(this.root)
  }

  schedule() {
    cancelAnimationFrame(this.frame)
    this.frame = requestAnimationFrame(() => this.draw())
  }

  detach() {
    this.watcher.disconnect()
    cancelAnimationFrame(this.frame)
    this.root.remove()
  }
}

const views = new WeakMap()
let calls = 0

/** The component that shows such a view and reports what is chosen in it under a name. */
function component(View, name, unpack) {
  return ({ data, parentElement, setTriggerValue }) => {
    let view = views.get(parentElement)
    if (!view) views.set(parentElement, (view = new View(parentElement)))
    const call = (view.call = ++calls)
    view.update(unpack(data), (chosen) => setTriggerValue(name, chosen))
    return () => {
      if (view.call !== call) return // a later call has taken over
      view.detach()
      views.delete(parentElement)
    }
  }
}
