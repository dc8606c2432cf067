// The puzzle picker. Lists, steps and the number are worked out here; a choice is drawn at once and then told to the server.
const AT_ONCE = 24 // pictures
const COLUMNS = 6
const ANY_ORDER = "any order"
const NAMES = { all: "all", solved: "solved", failed: "failed" }
const CODES = { solved: "1", failed: "0" }

// ---- what there is, worked out from the message ----------------------------------------------------------------------

/** The places, in the task, of the puzzles that are offered. */
function offered({ ids, orders, order, order_of, which, solved }) {
  const wanted = order === "" ? null : orders.indexOf(order)
  const fits = (place) => (wanted === null || order_of[place] === wanted) && (which === "all" || solved[place] === CODES[which])
  return ids.map((_, place) => place).filter(fits)
}

/** The place that a step leads to from another, which need not be one of those offered; round the ends. */
function stepped(places, from, by) {
  if (!places.length) return undefined
  const at = places.indexOf(from)
  if (at >= 0) return places[(at + by + places.length) % places.length]
  const after = places.findIndex((place) => place > from)
  if (by > 0) return places[after < 0 ? 0 : after]
  return places[(after < 0 ? places.length : after === 0 ? places.length : after) - 1]
}

/** How many puzzles, of the chosen order, are solved, are failed, and are not known. */
function counts({ ids, orders, order, order_of, solved }) {
  const found = { all: 0, solved: 0, failed: 0, unknown: 0 }
  ids.forEach((_, place) => {
    if (order !== "" && order_of[place] !== orders.indexOf(order)) return
    found.all += 1
    found[{ 1: "solved", 0: "failed" }[solved[place]] ?? "unknown"] += 1
  })
  return found
}

/** A choice of which puzzles, with how many they are; more to come is told by dots. */
function counted(which, found) {
  if (which === "all") return `all (${found.all})`
  if (found.unknown === found.all) return `${NAMES[which]} (…)`
  return `${NAMES[which]} (${found[which]}${found.unknown ? " …" : ""})`
}

// ---- the line --------------------------------------------------------------------------------------------------------

class Picker {
  constructor(parent) {
    this.root = make("div", "root", parent)
    const top = make("div", "top", this.root)
    make("span", "label", top, "Task")
    this.rule = make("span", "rule", top)
    const line = make("div", "line", this.root)
    this.task = new Menu(line, "Task", { className: "task", opened: () => this.fillTasks(), chosen: (task) => this.wish("task", task) })
    this.order = new Menu(line, "Prompt order", {
      className: "order",
      opened: () => this.fillOrders(),
      chosen: (order) => this.wish("order", order, { order }),
    })
    this.which = new Menu(line, "Show", { className: "which", opened: () => this.openWhich(), chosen: (which) => this.chooseWhich(which) })
    this.makeSteps(line)
    this.pictures = new Menu(line, "Puzzles as pictures", {
      className: "pictures",
      columns: COLUMNS,
      opened: () => this.openPictures(),
      chosen: (id) => this.open(id),
    })
    this.pictures.turn = (by) => this.turn(by)
    this.makePages()
    this.random = this.press(line, "random", "Random", "Another puzzle, at random", () => this.any())
    this.listener = (event) => this.key(event)
    document.addEventListener("keydown", this.listener)
  }

  press(parent, className, text, label, act) {
    const button = make("button", `box ${className}`, parent, text)
    button.type = "button"
    button.title = label
    if (text.length < 2) button.setAttribute("aria-label", label)
    button.addEventListener("click", act)
    return button
  }

  makeSteps(line) {
    const steps = make("div", "steps", line)
    steps.setAttribute("role", "group")
    steps.setAttribute("aria-label", "Puzzle")
    this.before = this.press(steps, "step", "‹", "Previous puzzle ([)", () => this.step(-1))
    make("span", "label", steps, "Puzzle")
    this.number = make("input", "number", steps)
    Object.assign(this.number, { type: "text", inputMode: "numeric", autocomplete: "off" })
    this.number.setAttribute("aria-label", "Number of the puzzle")
    this.number.addEventListener("change", () => this.jump())
    this.of = make("span", "of", steps)
    this.after = this.press(steps, "step", "›", "Next puzzle (])", () => this.step(1))
  }

  makePages() {
    const { head } = this.pictures
    this.back = this.press(head, "step", "‹", "The pictures before (Page up)", () => this.turn(-1))
    this.span = make("span", "span", head)
    this.span.setAttribute("role", "status")
    this.forth = this.press(head, "step", "›", "More pictures (Page down)", () => this.turn(1))
  }

  update(data, trigger) {
    this.data = data
    this.trigger = trigger
    const arrived = data.pictures.length && this.seen?.task !== data.task
    if (data.pictures.length) this.seen = { task: data.task, pictures: data.pictures }
    this.draw()
    if (arrived) trigger("wish", { kind: "look", value: "counts" }) // they need not come again
  }

  wish(kind, value, changes = {}) {
    this.data = { ...this.data, ...changes }
    this.draw()
    this.trigger("wish", { kind, value })
  }

  draw() {
    const { data } = this
    const { rule } = data.tasks.find(({ name }) => name === data.task)
    this.rule.textContent = this.rule.title = rule
    this.task.say(data.task, rule)
    this.order.say(data.order || ANY_ORDER)
    this.which.say(data.which === "all" ? "Show: all" : counted(data.which, counts(data)), "Which puzzles are offered")
    this.places = offered(data)
    const at = this.places.indexOf(data.ids.indexOf(data.puzzle))
    if (this.number !== this.number.getRootNode().activeElement || this.drawn !== data.puzzle)
      this.number.value = at < 0 ? (data.own ? "own" : "–") : String(at + 1)
    this.drawn = data.puzzle
    this.of.textContent = `/ ${this.places.length}`
    for (const control of [this.before, this.after, this.random, this.number]) control.disabled = !this.places.length
    this.pictures.say("▦", "All puzzles as pictures")
    this.pictures.button.setAttribute("aria-label", "All puzzles as pictures")
    if (this.which.open) this.fillWhich()
    if (this.pictures.open) this.fillPictures()
    if (this.task.open) this.fillTasks()
  }

  // ---- the lists ----

  fillTasks() {
    const { tasks, task, colors } = this.data
    const entry = ({ name, rule, example, solved, failed }) => ({
      value: name,
      chosen: name === task,
      name: `${name}: ${rule}`,
      draw: (node) => {
        picture(example, colors, node)
        const words = make("div", "words", node)
        make("b", "", words, name)
        make("div", "", words, rule)
        if (solved !== null) make("span", "known", node, `${solved} solved, ${failed} failed`)
      },
    })
    this.task.fill(tasks.map(entry))
  }

  fillOrders() {
    const { orders, order } = this.data
    const entry = (value) => ({
      value,
      chosen: value === order,
      name: value || ANY_ORDER,
      draw: (node) => node.append(value || ANY_ORDER),
    })
    this.order.fill(["", ...orders].map(entry))
  }

  openWhich() {
    this.fillWhich()
    this.wish("look", "counts")
  }

  fillWhich() {
    const { which, elsewhere, tasks } = this.data
    const found = counts(this.data)
    const options = Object.keys(NAMES).map((value) => {
      const name = counted(value, found)
      const disabled = value !== "all" && !found[value]
      return { value, chosen: value === which, disabled, name, draw: (node) => node.append(name) }
    })
    const there = tasks.find(({ name }) => name === elsewhere)
    if (there) {
      const name = `${there.name} has ${there.failed} failed →`
      options.push({ value: "elsewhere", name, draw: (node) => node.append(name) })
    }
    this.which.fill(options)
    this.which.foot.textContent = found.unknown ? "Finding out which puzzles the clean model solves …" : ""
  }

  chooseWhich(which) {
    if (which === "elsewhere") this.wish("failures", this.data.elsewhere)
    else this.wish("which", which, { which })
  }

  openPictures() {
    const at = this.places.indexOf(this.data.ids.indexOf(this.data.puzzle))
    this.first = Math.max(0, at - (at % AT_ONCE))
    this.fillPictures()
    this.trigger("wish", { kind: "look", value: this.seen?.task === this.data.task ? "counts" : "pictures" })
  }

  turn(by) {
    const first = this.first + by * AT_ONCE
    if (first < 0 || first >= this.places.length) return
    this.first = first
    this.fillPictures()
  }

  fillPictures() {
    const { data, first } = this
    const shown = this.places.slice(first, first + AT_ONCE)
    const pictures = this.seen?.task === data.task ? this.seen.pictures : null
    const entry = (place, k) => {
      const mark = { 1: "✓", 0: "✗" }[data.solved[place]] ?? ""
      const words = { 1: ", solved", 0: ", failed" }[data.solved[place]] ?? ""
      return {
        value: data.ids[place],
        chosen: data.ids[place] === data.puzzle,
        name: `Puzzle ${first + k + 1}${words}`,
        draw: (node) => {
          picture(pictures ? pictures[place] : "", data.colors, node)
          make("span", mark === "✗" ? "mark failed" : "mark", node, `${first + k + 1} ${mark}`)
        },
      }
    }
    this.pictures.fill(shown.map(entry))
    this.span.textContent = `${first + 1} to ${first + shown.length} of ${this.places.length}`
    this.back.disabled = !first
    this.forth.disabled = first + AT_ONCE >= this.places.length
    this.pictures.foot.textContent = "✓ solved by the clean model, ✗ failed"
  }

  // ---- steps ----

  open(id) {
    if (id !== undefined && id !== this.data.puzzle) this.wish("open", id, { puzzle: id })
  }

  step(by) {
    this.open(this.data.ids[stepped(this.places, this.data.ids.indexOf(this.data.puzzle), by)])
  }

  any() {
    const others = this.places.filter((place) => this.data.ids[place] !== this.data.puzzle)
    this.open(this.data.ids[others[Math.floor(Math.random() * others.length)]])
  }

  jump() {
    const wanted = Math.round(Number(this.number.value))
    const place = this.places[Math.min(Math.max(wanted, 1), this.places.length) - 1]
    if (wanted && place !== undefined) this.open(this.data.ids[place])
    this.drawn = null
    this.draw()
  }

  /** [ and ], unless somebody writes, or a list is open. */
  key(event) {
    const by = { "[": -1, "]": 1 }[event.key]
    const at = event.composedPath()[0]
    if (!by || event.ctrlKey || event.metaKey || event.defaultPrevented) return
    if (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return
    event.preventDefault()
    this.step(by)
  }

  end() {
    document.removeEventListener("keydown", this.listener)
    this.root.remove()
  }
}

const pickers = new WeakMap()
let calls = 0

export default function ({ data, parentElement, setTriggerValue }) {
  let picker = pickers.get(parentElement)
  if (!picker) pickers.set(parentElement, (picker = new Picker(parentElement)))
  const call = (picker.call = ++calls)
  picker.update(data, setTriggerValue)
  return () => {
    if (picker.call !== call) return // a later call has taken over
    picker.end()
    pickers.delete(parentElement)
  }
}
