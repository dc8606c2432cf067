// Asks the server, after a while, for what is new; and tells the components of the page what they have to show instead. The next
// look is asked for only once the last has been answered, so looks never pile up; a page that is not seen asks for none.
const JITTER = 0.15 // of the time to wait, earlier or later: visitors who came together do not look together
const UNANSWERED = 15_000 // milliseconds after which a look is asked for once more: its answer may have been lost with its run

class LookIn {
  constructor(parent) {
    this.parent = parent
    const seen = () => {
      if (!parent.isConnected) document.removeEventListener("visibilitychange", seen)
      else if (this.due) this.ask()
    }
    document.addEventListener("visibilitychange", seen)
  }

  update(data, trigger) {
    this.trigger = trigger
    if (data.look === this.look) return
    this.look = data.look
    this.due = false
    clearTimeout(this.timer)
    for (const [key, news] of Object.entries(data.news)) window.dispatchEvent(new CustomEvent("puzzlescope:news", { detail: { key, ...news } }))
    if (data.after !== null) this.timer = setTimeout(() => this.ask(), 1000 * data.after * (1 + JITTER * (2 * Math.random() - 1)))
  }

  ask() {
    this.due = document.hidden // then when it is seen again
    if (this.due || !this.parent.isConnected) return
    this.trigger("due", this.look)
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.ask(), UNANSWERED)
  }
}

const looking = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  if (!looking.has(parentElement)) looking.set(parentElement, new LookIn(parentElement))
  looking.get(parentElement).update(data, setTriggerValue)
}
