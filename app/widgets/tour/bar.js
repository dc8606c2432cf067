// The bar of the tour, and a ring around what its step speaks of, wherever on the page that is.
const CLEAR = 60 // pixels at the top that the names of the pages, and what follows them, lie over
const ROOM = 14 // pixels between what is looked at and the bar
const NEAR = 0.25 // share of the window
const WHOLE = ".board .grid" // where a step speaks of a part of this, all of it should be seen

class Bar {
  constructor(parent) {
    this.ring = new Ring(parent)
    this.root = make("section", "tour", parent)
    this.root.setAttribute("aria-label", "Tour")
    const words = make("div", "words", this.root)
    this.title = make("h2", "title", words)
    this.said = make("p", "said", words)
    this.said.setAttribute("role", "status")
    const ways = make("div", "ways", this.root)
    this.count = make("span", "count", ways)
    this.back = this.button("Back", ways, "back")
    this.there = make("button", "there", ways, "Show me")
    this.there.type = "button"
    this.there.addEventListener("click", () => this.bring(true))
    this.skip = this.button("Skip", ways, "skip")
    this.skip.title = "Let the page do it"
    this.close = this.button("Close", ways, "close")
    this.page = page()
    this.from = this.page?.scrollTop ?? 0
    this.follow = () => this.place()
    window.addEventListener("scroll", this.follow, true)
    window.addEventListener("resize", this.follow)
    this.clock = setInterval(this.follow, LOOK)
  }

  button(text, parent, wish) {
    const made = make("button", wish, parent, text)
    made.type = "button"
    made.addEventListener("click", () => {
      this.asked = true
      if (wish === "close") this.page?.scrollTo({ top: this.from, behavior: "instant" })
      this.send({ do: wish, at: this.data.at })
    })
    return made
  }

  update(data, send) {
    const other = data.at !== this.data?.at || data.target !== this.data?.target
    Object.assign(this, { data, send })
    const end = data.at > data.count
    this.title.textContent = data.title
    const words = [data.sentence, data.turn].join("\n")
    if (words !== this.spoken) {
      this.said.replaceChildren(data.sentence)
      if (data.turn) make("strong", "turn", this.said, ` ${data.turn}`)
      this.spoken = words
    }
    this.count.textContent = end ? "" : `${data.at} / ${data.count}`
    this.back.disabled = data.at === 1
    this.skip.hidden = end
    this.close.textContent = end ? "Done" : "Close"
    if (other) {
      this.target = null
      this.unseen = true
    }
    this.place()
  }

  place() {
    if (!this.target?.isConnected) this.target = this.data.target ? find(this.data.target) : null
    const box = this.target?.getBoundingClientRect()
    this.ring.place(box)
    this.there.hidden = !box?.width || this.away(box) === 0
    if (box?.width && this.unseen) this.bring(this.asked ?? true)
  }

  away(box) {
    return away(box, CLEAR, this.root.getBoundingClientRect().top - ROOM)
  }

  /** What the step speaks of comes into sight, by as little as possible. After what was done on the page itself it is near,
   * or a button leads to it: what came of that stays in sight. */
  bring(far) {
    this.unseen = this.asked = false
    const box = (this.target.closest(WHOLE) ?? this.target).getBoundingClientRect()
    const way = this.away(box)
    if (way && (far || Math.abs(way) < window.innerHeight * NEAR)) scrollPage(way)
  }

  detach() {
    clearInterval(this.clock)
    window.removeEventListener("scroll", this.follow, true)
    window.removeEventListener("resize", this.follow)
    this.ring.root.remove()
    this.root.remove()
  }
}

export default kept(Bar, "wish")
