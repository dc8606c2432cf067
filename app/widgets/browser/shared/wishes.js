// Says to the server what a visitor wants of the ablation, again and again until it is heard: see app/widgets/ablation_board. To be
// put after at_work.js.
const REPEAT = 1500 // milliseconds after which wishes that were not heard are said again
const PATIENCE = 4 // repeats after which the whole page is asked to run: the server may not know this component any more

class Wishes {
  /** `root`: of the component; while it is on the page, wishes are repeated. */
  constructor(root) {
    this.root = root
    this.client = Math.random().toString(36).slice(2)
    this.said = 0 // number of the last wish
    this.pending = [] // wishes that the server has not answered yet, the last one numbered `said`
  }

  add(wish) {
    this.pending.push(wish)
    this.said += 1
    this.repeats = 0
    this.send()
  }

  send() {
    if (!this.pending.length) return
    const first = this.said - this.pending.length + 1
    this.trigger("wishes", { client: this.client, first, wishes: this.pending })
    this.wait()
  }

  wait() {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.root.isConnected && this.repeat(), REPEAT)
  }

  repeat() {
    if (atWork()) return this.wait()
    this.repeats += 1
    if (this.repeats % PATIENCE === 0) window.dispatchEvent(new Event("puzzlescope:unheard"))
    this.send()
  }

  /** The server has spoken: `seen` is whose wishes it has carried out last, and up to which. */
  heard([client, number], trigger) {
    this.trigger = trigger
    const unheard = Math.max(0, this.said - (client === this.client ? number : 0))
    if (unheard < this.pending.length) this.pending.splice(0, this.pending.length - unheard)
    if (!this.pending.length) clearTimeout(this.timer)
  }
}
