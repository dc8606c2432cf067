// Brings what a link speaks of into sight when its scene is entered: once, as soon as it is there and stands still.
const PATIENCE = 20_000 // milliseconds to wait for it
const SLOW = 1500 // milliseconds after which it counts although the page still works
const RINGED = 2500 // milliseconds
const ROOM = 12 // pixels around it
const HEADER = 40 // pixels that the names of the pages take
const SCROLLS = ["PageUp", "PageDown", "Home", "End", "ArrowUp", "ArrowDown", " "]
const OWN = ["wheel", "touchmove", "pointerdown", "keydown"]

let entered = 0 // what was last brought into sight, on whatever page

// On a phone the bar of a story scrolls with the page (app/style.css): who is led away from it loses what is told.
const isTold = () => {
  const bar = document.querySelector(".st-key-story")?.parentElement
  return Boolean(bar) && getComputedStyle(bar).position === "static"
}

class Sight {
  constructor(parent) {
    this.ring = new Ring(parent)
    this.ring.root.classList.add("calm")
    this.own = (event) => (event.type !== "keydown" || SCROLLS.includes(event.key)) && this.leave()
    this.follow = () => this.place()
  }

  update(data) {
    if (data.entered === entered) return
    entered = data.entered
    this.leave()
    if (data.target === null) return
    Object.assign(this, { selector: data.target, since: performance.now(), found: null, ringed: 0, at: null })
    for (const name of OWN) window.addEventListener(name, this.own, true)
    window.addEventListener("scroll", this.follow, true)
    this.clock = setInterval(() => this.look(), LOOK)
  }

  look() {
    const waited = performance.now() - this.since
    if (this.ringed) return this.ringed < performance.now() ? this.leave() : this.place()
    if (waited > PATIENCE) return this.leave()
    if (atWork() && waited < SLOW) return
    if (!this.selector) {
      scrollPage(-page()?.scrollTop)
      return this.leave()
    }
    this.found = find(this.selector)
    const box = this.found?.getBoundingClientRect()
    const at = box?.height && box.top + (page()?.scrollTop ?? 0)
    const stands = at && at === this.at
    this.at = at
    if (!stands) return
    const way = isTold() ? 0 : this.away(box)
    if (way) scrollPage(way)
    this.ringed = performance.now() + RINGED
    this.place()
  }

  /** How far to scroll: if not all of it is seen, it begins below what stays at the top of the window, the small strip among it
   * once the large one has left. */
  away(box) {
    const story = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--story-height")) || 0
    const [top, bottom] = [HEADER + story + ROOM, window.innerHeight - ROOM]
    if (!away(box, top, bottom)) return 0
    const mini = find(".mini .sentence")
    return box.top - top - (mini?.textContent ? mini.parentElement.offsetHeight : 0)
  }

  place() {
    if (this.ringed) this.ring.place(this.found?.isConnected ? this.found.getBoundingClientRect() : null)
  }

  // It was seen, or the visitor goes on alone.
  leave() {
    clearInterval(this.clock)
    for (const name of OWN) window.removeEventListener(name, this.own, true)
    window.removeEventListener("scroll", this.follow, true)
    this.ringed = 0
    this.ring.place(null)
  }

  detach() {
    this.leave()
    this.ring.root.remove()
  }
}

export default kept(Sight, "nothing")
