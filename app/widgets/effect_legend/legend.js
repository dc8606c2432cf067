// The legend by itself.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".legend") ?? make("div", "legend", parentElement)
  drawLegend(root, data)
}
