// The bar of a story. Its captions lie on top of each other, so that it is as high as the longest, and the page never moves.
const PATIENCE = 5000 // milliseconds in which the page follows the scene that was gone to
const REPEAT = 1500 // milliseconds after which a step that was not heard is said again: of two messages that wait Streamlit may keep one
const FOCUS = 5000 // milliseconds in which a button that led to another page gets the focus back there
let pressed = null // the button that led here, and when: another page makes a bar of its own

/** The heading and the paragraphs of a caption as sentences: read aloud, they would run together. */
function asSaid(caption) {
  const parts = [...caption.children].map((part) => part.textContent.trim()).filter(Boolean)
  return parts.map((part) => (/[.!?:]$/.test(part) ? part : `${part}.`)).join(" ")
}

class Bar {
  constructor(parent) {
    this.root = make("section", "story", parent)
    this.root.setAttribute("aria-label", "Story")
    this.captions = make("div", "captions", this.root)
    this.said = make("div", "said", this.root)
    this.said.setAttribute("role", "status")
    const side = make("div", "side", this.root)
    const top = make("div", "top", side)
    this.title = make("span", "title", top)
    this.dots = make("span", "dots", top)
    this.dots.setAttribute("aria-hidden", "true")
    const ways = make("div", "ways", side)
    this.back = this.button("back", "Back to the scene", ways, () => this.wish({ do: "return" }))
    this.back.title = "Show the scene again as the story has it"
    this.previous = this.button("previous", "‹", ways, () => this.step(-1))
    this.count = make("span", "count", ways)
    this.next = this.button("next", "Next ›", ways, () => this.step(1))
    this.close = this.button("close", "✕", ways, () => this.wish({ do: "close" }))
    this.previous.setAttribute("aria-label", "Previous scene")
    this.next.setAttribute("aria-label", "Next scene")
    this.close.setAttribute("aria-label", "Leave the story")
    this.previous.title = "Previous scene (left arrow key)"
    this.next.title = "Next scene (right arrow key)"
    this.close.title = "Leave the story, and stay where it has led"
    this.hear = (event) => this.key(event)
    document.addEventListener("keydown", this.hear)
    this.watch = new ResizeObserver(() => this.leaveRoom())
    this.watch.observe(this.root)
  }

  button(name, text, parent, act) {
    const made = make("button", name, parent, text)
    made.type = "button"
    made.addEventListener("click", () => {
      pressed = { name, at: performance.now() }
      act()
    })
    return made
  }

  wish(what) {
    this.send({ ...what, story: this.data.story })
  }

  key(event) {
    if (event.shiftKey || !isFree(event)) return
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (!way) return
    event.preventDefault()
    this.step(way)
  }

  step(way) {
    const at = this.at + way
    if (at < 1 || at > this.data.scenes.length) return
    this.gone = { at, since: performance.now() }
    this.turn(at)
    this.back.hidden = true
    this.goTo(at)
  }

  goTo(at) {
    this.wish({ do: "step", at })
    this.wait(at)
  }

  wait(at) {
    clearTimeout(this.again)
    this.again = setTimeout(() => this.root.isConnected && this.gone?.at === at && (atWork() ? this.wait(at) : this.goTo(at)), REPEAT)
  }

  update(data, send) {
    const other = JSON.stringify(data.scenes) !== JSON.stringify(this.data?.scenes)
    Object.assign(this, { data, send })
    this.title.textContent = data.title
    if (other) this.fill()
    if (this.gone && (data.at === this.gone.at || performance.now() - this.gone.since > PATIENCE)) this.gone = null
    if (this.gone) return // an older scene's run: the one that was gone to follows
    this.turn(data.at)
    this.back.hidden = !data.strayed
    if (pressed && performance.now() - pressed.at < FOCUS && document.activeElement === document.body) this[pressed.name]?.focus({ preventScroll: true })
    pressed = null
  }

  fill() {
    this.captions.replaceChildren()
    this.dots.replaceChildren()
    this.pieces = this.data.scenes.map(([heading, paragraphs]) => {
      const caption = make("div", "caption", this.captions)
      make("h2", "heading", caption, heading)
      for (const paragraph of paragraphs) {
        const line = make("p", "", caption)
        for (const [kind, text] of paragraph) {
          if (["strong", "em", "code"].includes(kind)) make(kind, "", line, text)
          else line.append(text)
        }
      }
      return { caption, dot: make("i", "dot", this.dots) }
    })
  }

  turn(at) {
    const count = this.pieces.length
    this.at = at
    this.pieces.forEach(({ caption, dot }, k) => {
      caption.classList.toggle("shown", k === at - 1)
      caption.setAttribute("aria-hidden", String(k !== at - 1))
      dot.classList.toggle("here", k === at - 1)
    })
    this.count.textContent = `${at} / ${count}`
    this.previous.disabled = at === 1
    this.next.disabled = at === count
    const words = asSaid(this.pieces[at - 1].caption)
    if (this.said.textContent !== words) this.said.textContent = words
  }

  // What else stays in sight below the names of the pages does so below this.
  leaveRoom() {
    const stays = matchMedia("(min-width: 641px)").matches
    document.documentElement.style.setProperty("--story-height", stays ? `${this.root.offsetHeight + 6}px` : "0px")
  }

  detach() {
    clearTimeout(this.again)
    this.watch.disconnect()
    document.documentElement.style.removeProperty("--story-height")
    document.removeEventListener("keydown", this.hear)
    this.root.remove()
  }
}

export default kept(Bar, "wish")
