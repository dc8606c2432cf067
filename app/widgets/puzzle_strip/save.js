// The second part of the module that puzzle_strip.js begins: the strip as one picture, saved by the browser.

// What is on screen, titles and legend included, on white: nothing in it depends on a style sheet. Not the cell that is chosen.
function picture(view) {
  const shown = view.panels.filter(({ told }) => told.cells.length)
  const [wide, high] = [6 + 112 * shown.length, 130]
  const root = shape("svg", { xmlns: SVG, viewBox: `0 0 ${wide} ${high}`, width: 2 * wide, height: 2 * high })
  root.setAttribute("font-family", "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif")
  shape("rect", { width: wide, height: high, fill: "#ffffff" }, root)
  const title = { y: -4.5, "font-size": 6.5 }
  shown.forEach(({ told, picture: drawn }, k) => {
    const group = shape("g", { transform: `translate(${9 + 112 * k} 16)` }, root)
    write(told.title, { ...title, "font-weight": 600 }, group)
    write(told.note, { ...title, x: 100, "text-anchor": "end", "font-size": 5.5 }, group)
    if (told.opens === "gap") shape("path", { d: "M-6 -8v108", stroke: "#c9ced6", "stroke-width": 0.6 }, group)
    else write(told.opens, { x: -6, y: 52, "text-anchor": "middle", "font-size": 9 }, group)
    group.append(drawn.cloneNode(true))
  })
  let x = 9
  for (const [text, draw] of outcomes(view)) {
    draw(shape("g", { transform: `translate(${x} 120) scale(0.6)` }, root))
    write(text, { x: x + 9, y: 125, "font-size": 5.5 }, root)
    x += 20 + 3 * text.length
  }
  for (const node of root.querySelectorAll("*")) {
    const extra = [...node.attributes].filter(({ name }) => /^(aria-|data-|class|role|tabindex|pointer-)/.test(name))
    for (const { name } of extra) node.removeAttribute(name)
  }
  return { text: new XMLSerializer().serializeToString(root), wide, high }
}

function save(blob, name) {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

function saveSVG(view) {
  save(new Blob([picture(view).text], { type: "image/svg+xml" }), `${view.data.filename}.svg`)
}

function savePNG(view) {
  const { text, wide, high } = picture(view)
  const image = new Image()
  image.onload = () => {
    const canvas = document.createElement("canvas")
    ;[canvas.width, canvas.height] = [4 * wide, 4 * high]
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height)
    canvas.toBlob((blob) => save(blob, `${view.data.filename}.png`), "image/png")
  }
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`
}
