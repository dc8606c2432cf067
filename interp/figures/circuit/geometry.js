// What of a circuit's picture is drawn, and where: scene.py does the same for files that are made without a browser.
const THINNEST = 0.7 // pixels of the weakest edge
const THICKEST = 11
const PORTS = { q: -0.3, k: 0, v: 0.3 }

const kindOf = (reader) => reader.split(".").at(-1)
const partOf = (reader) => (kindOf(reader) in PORTS ? reader.slice(0, -2) : reader)
const isEnd = (name) => name === "embed" || name === "logits"

/** Every box by its name, in pixels: a group stands where its first part would. */
function boxesOf(picture, state, width) {
  const { spots, columns, box, left, right, gap, widest } = picture.layout
  const groupOf = Object.fromEntries(state.groups.flatMap((parts) => parts.map((part) => [part, parts])))
  const inner = width - left - right
  const found = {}
  for (const [part, [across, high, wide]] of Object.entries(spots)) {
    const parts = groupOf[part] ?? [part]
    const name = parts.join("+")
    if (name in found || state.hidden.includes(name)) continue
    const [x, y] = state.places[name] ?? [across, high]
    const side = Math.min(widest[wide > 1 ? 1 : 0], (wide * inner) / columns - gap)
    found[name] = { name, parts, x: left + x * inner, y, width: side, height: box, ...wordsOf(picture, state, name, parts) }
  }
  return found
}

/** What a box is called, and what stands below it. */
function wordsOf(picture, state, name, parts) {
  const labels = new Set(parts.map((part) => picture.labels[part] ?? ""))
  const label = labels.size === 1 ? [...labels][0] : ""
  if (parts.length > 1) return { title: state.names[name] || label || `${parts.length} parts`, label: parts.join(" ") }
  return { title: state.names[name] ?? name, label: name in state.names ? name : label }
}

/** The edges between boxes, the strongest first: of each kind the sum of all. Those inside a group are left out. */
function mergedEdges(picture, state, boxes) {
  const boxByPart = {}
  for (const { name, parts } of Object.values(boxes)) for (const part of parts) boxByPart[part] = name
  const sources = picture.writers.map((writer) => boxByPart[writer])
  const targets = picture.readers.map((reader) => boxByPart[partOf(reader)])
  const kinds = picture.readers.map(kindOf)
  const wanted = kinds.map((kind) => state.kinds.includes(kind))
  const values = picture.blocks?.[state.block] ?? picture.values
  const found = new Map()
  values.forEach((value, k) => {
    const [writer, reader] = [picture.from[k], picture.to[k]]
    const [source, target, kind] = [sources[writer], targets[reader], kinds[reader]]
    if (!wanted[reader] || !source || !target || source === target) return
    const key = `${source} ${target} ${kind}`
    const edge = found.get(key)
    if (edge) {
      edge.value += value
      edge.members.push(k)
    } else found.set(key, { source, target, kind, value, members: [k] })
  })
  return [...found.values()].sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
}

/** From which effect on edges are drawn. */
function leastOf(picture, state, edges) {
  if (state.least !== null) return state.least
  return edges.length ? Math.abs(edges[Math.min(picture.first, edges.length) - 1].value) : 0
}

/** Those that are drawn: strong enough, or at a box that is pinned; so many at the most. */
function shownEdges(picture, state, edges, least) {
  const pinned = new Set(state.pinned)
  const found = edges.filter((edge) => Math.abs(edge.value) >= least || pinned.has(edge.source) || pinned.has(edge.target))
  return { shown: found.slice(0, picture.most), wanted: found.length }
}

const lineWidth = (value, strongest) => Math.max(THINNEST, THICKEST * Math.min(1, Math.sqrt(Math.abs(value) / strongest)))

/** The line from the top of a box to the bottom of another, as the eight numbers of a curve: one that would run behind boxes of its
 *  own column bows out of it. */
function curveOf(source, target, kind, picture, width) {
  const { columns, left, right } = picture.layout
  const inner = width - left - right
  const column = inner / columns
  const aside = (own, other, share) => own.x + share * own.width * Math.max(-1, Math.min(1, (other.x - own.x) / (0.5 * inner)))
  const [x1, y1] = [aside(source, target, 0.36), source.y - source.height / 2]
  const x2 = kind in PORTS ? target.x + PORTS[kind] * target.width : aside(target, source, 0.42)
  const y2 = target.y + target.height / 2
  const rise = y1 - y2
  const bend = rise > 0 ? 0.5 * rise : 40
  let bow = 0
  if (rise > 2 * source.height && Math.abs(x2 - x1) < column) {
    const outward = { q: -1, v: 1 }[kind] ?? (x1 > left + inner / 2 ? -1 : 1)
    bow = outward * 0.95 * (column - Math.abs(x2 - x1))
  }
  return [x1, y1, x1 + bow, y1 - bend, x2 + bow, y2 + bend, x2, y2]
}

function pathOf(curve) {
  const [x, y, ...rest] = curve.map((one) => one.toFixed(1))
  return `M${x} ${y}C${rest.join(" ")}`
}

/** Points along a curve. */
function pointsOf([a, b, c, d, e, f, g, h], count = 20) {
  return Array.from({ length: count + 1 }, (_, k) => {
    const [t, u] = [k / count, 1 - k / count]
    const [w0, w1, w2, w3] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t]
    return [w0 * a + w1 * c + w2 * e + w3 * g, w0 * b + w1 * d + w2 * f + w3 * h]
  })
}

/** Whether a point may lie on a curve: it is in the frame of the curve's own four points. */
function isNear([a, b, c, d, e, f, g, h], x, y, room) {
  return x > Math.min(a, c, e, g) - room && x < Math.max(a, c, e, g) + room && y > Math.min(b, d, f, h) - room && y < Math.max(b, d, f, h) + room
}

/** How far a point is from a line through points. */
function distanceTo(points, x, y) {
  let least = Infinity
  for (let k = 1; k < points.length; k++) {
    const [[x1, y1], [x2, y2]] = [points[k - 1], points[k]]
    const [dx, dy] = [x2 - x1, y2 - y1]
    const along = Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)))
    least = Math.min(least, Math.hypot(x - x1 - along * dx, y - y1 - along * dy))
  }
  return least
}

/** The box that an arrow leads to: the nearest one in its direction; those aside count as farther. */
function boxAfter(key, from, boxes) {
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key]
  let [best, least] = [from, Infinity]
  for (const [name, { x, y }] of Object.entries(boxes)) {
    const along = (x - boxes[from].x) * dx + (y - boxes[from].y) * dy
    const away = Math.abs((x - boxes[from].x) * dy) + Math.abs((y - boxes[from].y) * dx)
    if (along > 0.5 && along + 3 * away < least) [best, least] = [name, along + 3 * away]
  }
  return best
}
