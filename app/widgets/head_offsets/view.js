// Where heads look, by the offset from the cell about to be predicted. The maps of a layer arrive once, as bytes; pointing is
// answered here, and only a chosen head goes to the server.
// canvas_view.js stands before this file: the two are one module.

const REACH = 19
const MIDDLE = 9
const ANSWER = 3
const GRIDS = 4
const MAP = REACH * REACH
const GAP = { large: 10, small: 4 }
const SCALES = { own: "per head", same: "shared scale" }

// ---- the message ------------------------------------------------------------------------------------------------------

/** A header's length, the header, then the maps [head, grid, row, column], the markers [head, grid] and the start token. */
function unpack(bytes) {
  const { header, length } = headerOf(bytes)
  const numbers = new Float32Array(bytes.slice(4 + length).buffer)
  const { heads } = header
  const ends = [heads * GRIDS * MAP, heads * GRIDS, heads].reduce((all, n) => [...all, all.at(-1) + n], [0])
  const [maps, markers, start] = [0, 1, 2].map((k) => numbers.subarray(ends[k], ends[k + 1]))
  return { ...header, maps, markers, start }
}

const mapOf = (data, head) => data.maps.subarray(head * GRIDS * MAP, (head + 1) * GRIDS * MAP)

/** Whatever is not yet there when the cell is predicted: itself and all that follows. */
const ahead = (grid, down, right) => grid === ANSWER && (down > 0 || (down === 0 && right >= 0))

function placeOf(index) {
  const inGrid = index % MAP
  return {
    grid: Math.floor(index / MAP),
    down: Math.floor(inGrid / REACH) - MIDDLE,
    right: (inGrid % REACH) - MIDDLE,
  }
}

// ---- words --------------------------------------------------------------------------------------------------------------

const number = (share) => (share >= 0.005 ? share.toFixed(2) : share > 0 ? "< 0.01" : "0")

function offsetWords({ down, right }) {
  const parts = []
  if (down) parts.push(`${Math.abs(down)} ${down < 0 ? "up" : "down"}`)
  if (right) parts.push(`${Math.abs(right)} ${right < 0 ? "left" : "right"}`)
  return parts.length ? parts.join(", ") : "same cell"
}

const told = (data, { grid, down, right }) => `${data.names[grid]}: ${offsetWords({ down, right })}`

/** What a head looks at most, strongest first: cells by offset, markers, the start token. */
function strongest(data, head, count) {
  const found = Array.from(mapOf(data, head), (share, index) => ({ share, index }))
    .map(({ share, index }) => ({ share, text: () => told(data, placeOf(index)) }))
  for (let grid = 0; grid < GRIDS; grid++) {
    found.push({ share: data.markers[head * GRIDS + grid], text: () => `marker of ${data.names[grid]}` })
  }
  found.push({ share: data.start[head], text: () => "start token" })
  return found.sort((one, other) => other.share - one.share).slice(0, count)
}

// ---- drawing ------------------------------------------------------------------------------------------------------------

/** A canvas with four maps in a row. */
class Sheet {
  constructor(parent, size) {
    this.size = size
    this.canvas = make("canvas", "sheet", parent)
  }

  /** Cells are whole device pixels, so that they are equally large and sharp. */
  fit(width) {
    const ratio = window.devicePixelRatio || 1
    const gap = Math.round(GAP[this.size] * ratio)
    const cell = Math.max(1, Math.floor((width * ratio - (GRIDS - 1) * gap) / (GRIDS * REACH)))
    if (this.cell === cell && this.ratio === ratio) return
    Object.assign(this, { cell, ratio, gap })
    this.canvas.width = GRIDS * REACH * cell + (GRIDS - 1) * gap
    this.canvas.height = REACH * cell
    this.canvas.style.width = `${this.canvas.width / ratio}px`
    this.canvas.style.height = `${this.canvas.height / ratio}px`
  }

  left(grid) {
    return grid * (REACH * this.cell + this.gap)
  }

  box(grid, down, right) {
    return [this.left(grid) + (right + MIDDLE) * this.cell, (down + MIDDLE) * this.cell, this.cell, this.cell]
  }

  /** The offset under the pointer, or null between the maps. */
  at(event) {
    const area = this.canvas.getBoundingClientRect()
    const x = ((event.clientX - area.left) / area.width) * this.canvas.width
    const y = ((event.clientY - area.top) / area.height) * this.canvas.height
    const grid = Math.floor(x / (REACH * this.cell + this.gap))
    const right = Math.floor((x - this.left(grid)) / this.cell) - MIDDLE
    const down = Math.floor(y / this.cell) - MIDDLE
    const inside = grid >= 0 && grid < GRIDS && Math.abs(right) <= MIDDLE && Math.abs(down) <= MIDDLE
    return inside ? { grid, down, right } : null
  }

  paint(map, full, theme) {
    const pen = this.canvas.getContext("2d")
    pen.globalAlpha = 1
    pen.fillStyle = theme.paper
    pen.fillRect(0, 0, this.canvas.width, this.canvas.height)
    pen.fillStyle = theme.ink
    map.forEach((share, index) => {
      const { grid, down, right } = placeOf(index)
      const strength = full > 0 ? Math.sqrt(Math.min(1, share / full)) : 0
      pen.globalAlpha = strength > 0.02 ? strength : 0
      if (ahead(grid, down, right)) pen.globalAlpha = 0.08
      if (pen.globalAlpha) pen.fillRect(...this.box(grid, down, right))
    })
    this.frame(pen, theme)
  }

  /** The borders of the maps and, in each, where the cell about to be predicted lies. */
  frame(pen, theme) {
    const side = REACH * this.cell
    const wide = Math.max(1, Math.round((this.size === "large" ? 1.5 : 1) * this.ratio))
    for (let grid = 0; grid < GRIDS; grid++) {
      pen.globalAlpha = 0.35
      pen.lineWidth = 1
      pen.strokeStyle = theme.ink
      pen.strokeRect(this.left(grid) + 0.5, 0.5, side - 1, side - 1)
      const [x, y] = this.box(grid, 0, 0)
      pen.globalAlpha = 1
      pen.lineWidth = wide
      pen.strokeStyle = theme.mark
      pen.strokeRect(x - wide / 2, y - wide / 2, this.cell + wide, this.cell + wide)
    }
  }
}

// ---- the component ------------------------------------------------------------------------------------------------------

class HeadOffsets extends CanvasView {
  constructor(parent) {
    super()
    this.scale = "own"
    this.root = make("div", "root", parent)
    this.title = make("h4", "", this.root)
    this.titles = make("div", "titles", this.root)
    this.large = new Sheet(this.root, "large")
    this.large.canvas.setAttribute("role", "img")
    this.large.canvas.addEventListener("pointermove", (event) => this.readOff(this.large.at(event)))
    this.large.canvas.addEventListener("pointerleave", () => this.readOff(null))
    this.shares = make("div", "titles shares", this.root)
    this.said = make("p", "said", this.root)
    this.said.setAttribute("aria-live", "polite")
    this.line = make("div", "line", this.root)
    this.layer = make("h4", "", this.line)
    this.buildSwitch(this.line)
    this.maps = make("div", "maps", this.root)
    this.rule = make("p", "rule", this.root)
    this.watch()
  }

  buildSwitch(parent) {
    const group = make("div", "switch", parent)
    group.setAttribute("role", "group")
    group.setAttribute("aria-label", "How dark the maps are")
    this.scales = Object.entries(SCALES).map(([value, text]) => {
      const button = make("button", "", group, text)
      button.addEventListener("click", () => {
        this.scale = value
        this.schedule()
      })
      return { button, value }
    })
  }

  buildMaps() {
    this.maps.replaceChildren()
    this.heads = Array.from({ length: this.data.heads }, (_, head) => {
      const button = make("button", "map", this.maps)
      const label = make("span", "label", button)
      const name = make("span", "name", label)
      const most = make("span", "most", label)
      const sheet = new Sheet(button, "small")
      button.addEventListener("click", () => this.choose(head))
      return { button, name, most, sheet }
    })
  }

  choose(head) {
    if (head !== this.data.head) this.send(head)
  }

  readOff(place) {
    const { data } = this
    if (!place) {
      const most = strongest(data, data.head, 4).filter(({ share }) => share >= 0.005)
      this.said.textContent = `Most: ${most.map(({ share, text }) => `${text()} ${number(share)}`).join(" · ")}`
      return
    }
    const { grid, down, right } = place
    const share = mapOf(data, data.head)[grid * MAP + (down + MIDDLE) * REACH + right + MIDDLE]
    this.said.textContent = ahead(grid, down, right)
      ? `${told(data, place)}: not yet written when the cell is predicted`
      : `${told(data, place)}: ${share.toPrecision(3)}`
  }

  // ---- showing ----

  update(data, send) {
    this.data = data
    this.send = send
    if (this.heads?.length !== data.heads) this.buildMaps()
    this.draw()
  }

  draw() {
    const { data } = this
    const width = this.root.clientWidth - 4
    if (!data || width <= 0) return
    const theme = themeOf(this.root)
    const name = `L${data.layer}.H${data.head}`
    const tag = data.tags[data.head] ? `, ${data.tags[data.head]}` : ""
    this.title.textContent = `${name}${tag}: where it looks to predict a cell; on the start token ${number(data.start[data.head])}`
    this.large.fit(width)
    this.large.paint(mapOf(data, data.head), this.full(data.head), theme)
    this.large.canvas.setAttribute("aria-label", `Offset maps of ${name}; the sentence below says where it looks most`)
    this.drawShares()
    this.readOff(null)
    this.layer.textContent = `All heads of layer ${data.layer}`
    for (const { button, value } of this.scales) button.setAttribute("aria-pressed", String(value === this.scale))
    this.heads.forEach((_, head) => this.drawSmall(head, theme))
    this.rule.textContent =
      "Outlined: the cell about to be predicted, or where it lies in another grid; one square is one cell away. Opacity ∝" +
      " √attention. Grey in the answer: not yet written."
  }

  /** How large a share is black. */
  full(head) {
    return this.scale === "own" ? mapOf(this.data, head).reduce((most, share) => Math.max(most, share), 0) : 1
  }

  /** Above each map its grid, below it how much of the head's attention falls there. */
  drawShares() {
    const { data } = this
    const side = `${this.large.canvas.width / this.large.ratio}px`
    for (const row of [this.titles, this.shares]) {
      row.replaceChildren()
      row.style.width = side
    }
    const map = mapOf(data, data.head)
    data.names.forEach((name, grid) => {
      make("span", "", this.titles, name)
      const cells = map.subarray(grid * MAP, (grid + 1) * MAP).reduce((sum, share) => sum + share, 0)
      const marker = data.markers[data.head * GRIDS + grid]
      make("span", "", this.shares, `cells ${number(cells)}\nmarker ${number(marker)}`)
    })
  }

  drawSmall(head, theme) {
    const { data } = this
    const { button, name, most, sheet } = this.heads[head]
    const [first] = strongest(data, head, 1)
    name.textContent = `H${head}${data.tags[head] ? ` ${data.tags[head]}` : ""}`
    most.textContent = data.known ? `${first.text()} ${number(first.share)}` : ""
    button.classList.toggle("off", data.off[head])
    button.setAttribute("aria-pressed", String(head === data.head))
    const off = data.off[head] ? ", ablated" : ""
    const role = data.tags[head] ? `, ${data.tags[head]}` : ""
    button.setAttribute("aria-label", `L${data.layer}.H${head}${role}${off}: most on ${first.text()}, ${number(first.share)}`)
    sheet.fit(button.clientWidth - 10)
    sheet.paint(mapOf(data, head), this.full(head), theme)
  }
}

export default component(HeadOffsets, "head", unpack)
