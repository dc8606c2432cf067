// Small pictures of puzzles: the first two grids of each, whose cells are hexadecimal digits.
const GRID = 10
const BETWEEN = 3 // cells between the two grids
const DOT = 4 // pixels of a cell

/** The colour numbers of a picture. */
const cellsOf = (digits) => Array.from(digits, (digit) => parseInt(digit, 16))

function picture(digits, colors, parent) {
  const canvas = make("canvas", "picture", parent)
  canvas.setAttribute("aria-hidden", "true") // what it is of stands beside it
  canvas.width = DOT * (2 * GRID + BETWEEN)
  canvas.height = DOT * GRID
  const pen = canvas.getContext("2d")
  cellsOf(digits).forEach((color, cell) => {
    const [place, index] = [Math.floor(cell / (GRID * GRID)), cell % (GRID * GRID)]
    pen.fillStyle = colors[color]
    pen.fillRect(DOT * (place * (GRID + BETWEEN) + (index % GRID)), DOT * Math.floor(index / GRID), DOT, DOT)
  })
  return canvas
}
