// The third part of the module that strip.js begins: the answers once more, small, below the navigation, while the strip itself
// is scrolled out of sight. So a click further down and the answer that it changes are always on one screen.
const GONE = 0.3 // share of the strip that is still seen when the small one takes its place

function buildMini(view, parentElement) {
  const mini = (view.mini = make("div", "mini", parentElement))
  mini.setAttribute("aria-hidden", "true") // it repeats what is in the strip
  view.minis = make("div", "minis", mini)
  view.sentence = make("p", "sentence", mini)
  const show = ([entry]) => {
    const gone = entry.intersectionRatio < GONE && entry.boundingClientRect.top < 0
    mini.classList.toggle("shown", gone && !!view.data.summary)
    const { left, width } = view.root.getBoundingClientRect()
    mini.style.setProperty("--left", `${left}px`)
    mini.style.setProperty("--width", `${width}px`)
  }
  const watch = new IntersectionObserver(show, { threshold: [0, GONE] })
  watch.observe(view.strip)
  view.forget = () => watch.disconnect()
}

// Each panel's picture is used again, not drawn again: what changes there changes here.
function updateMini(view) {
  view.minis.replaceChildren()
  view.panels.forEach((panel, k) => {
    if (!panel.told.choosable) return
    panel.picture.id = `picture-${k}`
    const one = make("figure", "one", view.minis)
    const svg = shape("svg", { viewBox: "-1 -1 102 102" }, one)
    shape("use", { href: `#picture-${k}` }, svg)
    const line = make("figcaption", "", one, panel.told.title.split(/[:,]/)[0])
    if (panel.told.note) make("span", panel.told.wrong ? "count bad" : "count", line, panel.told.note)
  })
  view.sentence.textContent = view.data.summary ?? ""
}
