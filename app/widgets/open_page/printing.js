// Gives every chart a view box just before the page is printed: with one, app/style.css can fit it to the paper.
const paper = window.matchMedia("print")

function prepare() {
  for (const holder of document.querySelectorAll(".js-plotly-plot .svg-container")) {
    const pictures = holder.querySelectorAll(":scope > svg.main-svg")
    const [width, height] = ["width", "height"].map((side) => pictures[0]?.getAttribute(side))
    if (!width || !height) continue
    for (const picture of pictures) picture.setAttribute("viewBox", `0 0 ${width} ${height}`) // changes nothing on the screen
    holder.style.setProperty("--drawn-width", `${width}px`)
    holder.style.setProperty("--drawn-shape", `${width} / ${height}`)
  }
}

function forget() {
  for (const picture of document.querySelectorAll(".js-plotly-plot .svg-container > svg.main-svg")) picture.removeAttribute("viewBox")
}

const change = () => (paper.matches ? prepare() : forget())

export default function () {
  window.addEventListener("beforeprint", prepare)
  window.addEventListener("afterprint", forget) // a chart that is drawn anew must not be squeezed into its old shape
  paper.addEventListener("change", change)
  return () => {
    window.removeEventListener("beforeprint", prepare)
    window.removeEventListener("afterprint", forget)
    paper.removeEventListener("change", change)
  }
}
