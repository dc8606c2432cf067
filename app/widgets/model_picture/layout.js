// Where everything stands in the picture of the model, in pixels: from its width, the layers and the heads alone.
const MOST_APART = 24 // pixels from a head to the next one
const LEAST_LAYER = 37 // pixels that a layer needs; where they are not there the picture is wider than its room and scrolls
const ROW = 22
const RAIL = 20 // height of the copy path above the heads
const HEADS = RAIL + 18

/** `nodes`: of each component its centre, its greatest radius and half the width and height of what can be clicked. */
function layoutOf(room, layers, heads) {
  const small = room < 480 || room / layers < 60
  const grid = small ? 40 : 50
  const [left, right] = [grid + (small ? 6 : 18), grid + (small ? 12 : 24)]
  const layer = Math.max(LEAST_LAYER, (room - left - right) / layers)
  const columns = heads > 4 ? 2 : 1
  const rows = Math.ceil(heads / columns)
  const apart = Math.min(MOST_APART, (layer - 6) / columns)
  const block = { width: columns * apart + 4, height: rows * ROW + 4, y: HEADS - 2 }
  const stream = HEADS + rows * ROW + 46
  const found = { grid, left, layer, block, stream, columns, width: left + layers * layer + right, height: stream + 68, nodes: {}, blocks: [] }
  for (let number = 0; number < layers; number++) {
    const middle = left + layer * (number + 0.5) - Math.min(9, layer / 8)
    found.blocks.push({ x: middle - block.width / 2, middle })
    for (let head = 0; head < heads; head++) {
      const x = middle + apart * ((head % columns) - (columns - 1) / 2)
      const y = HEADS + ROW * (Math.floor(head / columns) + 0.5)
      found.nodes[`L${number}.H${head}`] = { x, y, most: Math.min(8.5, apart / 2 - 1), wide: apart / 2, high: ROW / 2 }
    }
    found.nodes[`L${number}.attn`] = { x: middle, y: stream - 22, most: 10, wide: Math.max(12, block.width / 2), high: 14 }
    const after = middle + Math.min(26, layer * 0.3)
    found.nodes[`L${number}.mlp`] = { x: after, y: stream + 26, most: 9.5, wide: 12, high: 14 }
  }
  return found
}

/** The component that an arrow leads to: the nearest one in its direction; those aside count as farther. */
function nodeAfter(key, from, nodes) {
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key]
  const { x, y } = nodes[from]
  let [best, least] = [from, Infinity]
  for (const [part, node] of Object.entries(nodes)) {
    const along = (node.x - x) * dx + (node.y - y) * dy
    const aside = Math.abs((node.x - x) * dy) + Math.abs((node.y - y) * dx)
    if (along > 0.5 && along + 3 * aside < least) [best, least] = [part, along + 3 * aside]
  }
  return best
}
