// Brings what a link speaks of into sight when its scene is entered, as soon as it is there and stands still, and keeps it
// there while the page still fills up.
const PATIENCE = 20_000 // milliseconds to wait for it
const SLOW = 1500 // milliseconds after which it counts although the page still works
const RINGED = 2500 // milliseconds
const NUDGE = 2 // pixels that are not worth a movement
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
    Object.assign(this, { selector: data.target, since: performance.now(), found: null, ringed: 0, at: null, way: 0 })
    for (const name of OWN) window.addEventListener(name, this.own, true)
    window.addEventListener("scroll", this.follow, true)
    this.clock = setInterval(() => this.look(), LOOK)
  }

  look() {
    const waited = performance.now() - this.since
    if (waited > PATIENCE) return this.leave()
    if (this.ringed) return this.stay()
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
    this.way = this.away(box)
    if (this.way) scrollPage(this.way)
    this.ringed = performance.now() + RINGED
    this.place()
  }

  // What comes later above it, such as the bar of the story, moves it. What still moves is left to come to rest.
  stay() {
    const told = this.ringed < performance.now()
    if (told && !atWork()) return this.leave()
    const way = this.found?.isConnected ? this.away(this.found.getBoundingClientRect()) : 0
    if (Math.abs(way) > NUDGE && way === this.way) scrollPage(way)
    this.way = way
    if (told) this.ring.place(null)
    else this.place()
  }

  /** How far to scroll: if not all of it is seen, it begins below what stays at the top of the window, the small strip among it
   * once the large one has left. */
  away(box) {
    if (isTold()) return 0
    const story = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--story-height")) || 0
    const [top, bottom] = [HEADER + story + ROOM, window.innerHeight - ROOM]
    if (!away(box, top, bottom)) return 0
    const mini = find(".mini .sentence")
    return box.top - top - (mini?.textContent ? mini.parentElement.offsetHeight : 0)
  }

  place() {
    if (this.ringed > performance.now()) this.ring.place(this.found?.isConnected ? this.found.getBoundingClientRect() : null)
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
