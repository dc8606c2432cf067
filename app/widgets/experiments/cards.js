// Cards of experiments. They are made once and then filled, so that focus stays where it is while answers come in.
const SVG = "http://www.w3.org/2000/svg"
const ROOM = 7 // cards, until it is known which there are

function shape(parent, name, attributes) {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  parent.appendChild(made)
}

/** The answer as a small picture: its cells, and a frame around those that are wrong. */
function picture(svg, { cells, wrong }, colors) {
  svg.replaceChildren()
  shape(svg, "rect", { width: 10, height: 10, fill: colors[0] })
  ;(cells ?? []).forEach((color, cell) => {
    const [x, y] = [cell % 10, Math.floor(cell / 10)]
    if (color) shape(svg, "rect", { x, y, width: 1, height: 1, fill: colors[color] ?? "#000" })
  })
  for (const cell of wrong) {
    shape(svg, "rect", { x: (cell % 10) + 0.14, y: Math.floor(cell / 10) + 0.14, width: 0.72, height: 0.72, class: "wrong" })
  }
}

class Cards {
  constructor(parent) {
    this.root = make("div", "experiments", parent)
    this.row = make("div", "cards", this.root)
    this.row.setAttribute("role", "group")
    this.row.setAttribute("aria-label", "Experiments on this model")
    const fold = make("details", "fold", this.root)
    make("summary", "", fold, "Original notebook")
    this.more = make("div", "cards", fold)
    this.news = new News(this.root, (news) => this.update(news, this.send))
  }

  update(data, send) {
    this.data = data
    this.send = send
    const cards = Object.values(data.cards)
    this.fill(this.row, cards, cards.length || ROOM)
    this.fill(this.more, data.more, data.more.length)
  }

  fill(row, cards, count) {
    while (row.children.length > count) row.lastChild.remove()
    while (row.children.length < count) this.add(row)
    Array.from(row.children).forEach((button, k) => this.show(button, cards[k]))
  }

  add(row) {
    const button = make("button", "card", row)
    const svg = document.createElementNS(SVG, "svg")
    svg.setAttribute("viewBox", "0 0 10 10")
    svg.setAttribute("aria-hidden", "true") // what it shows is told beside it
    button.appendChild(svg)
    for (const name of ["name", "outcome", "look"]) make("span", name, button)
    button.addEventListener("click", () => {
      const { text } = button.dataset
      this.send(text === this.data.active ? "" : text)
    })
  }

  show(button, card) {
    button.disabled = !card
    button.dataset.text = card?.text ?? ""
    button.setAttribute("aria-pressed", String(Boolean(card) && card.text === this.data.active))
    picture(button.querySelector("svg"), card ?? { wrong: [] }, this.data.colors)
    button.querySelector(".name").textContent = card?.name ?? ""
    button.querySelector(".outcome").textContent = card ? card.outcome || "…" : "…"
    button.querySelector(".look").textContent = card?.lookFor ?? ""
  }
}

const made = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  if (!made.has(parentElement)) made.set(parentElement, new Cards(parentElement))
  const cards = made.get(parentElement)
  cards.update(cards.news.now(data), (text) => setTriggerValue("chosen", text))
}
