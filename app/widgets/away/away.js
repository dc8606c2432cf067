// A line while the server is away, and a page that comes back after its script has stopped. There is one of each in a
// browser's tab, however often this module is run.
const STATE = "data-test-connection-state"
const PATIENCE = 700 // milliseconds: many a pause is over before one has read a line about it
const RESTARTED = "The server is being restarted; this page comes back by itself."
const GONE = "The server does not answer; this page comes back by itself when it does."
const DIALOG = "Streamlit server is not responding"

const app = () => document.querySelector("[data-testid=stApp]")
const connected = () => app()?.getAttribute(STATE) === "CONNECTED"

class Away {
  constructor() {
    new MutationObserver(() => this.look()).observe(document.body, { subtree: true, attributeFilter: [STATE] })
    // A page that is left loses its server too.
    window.addEventListener("pagehide", () => this.back())
    window.addEventListener("pageshow", () => this.look())
  }

  look() {
    if (connected()) this.back()
    else this.gone ??= this.begin()
  }

  begin() {
    this.why = this.ask()
    // Streamlit's own dialog about it covers the page.
    const dialogs = new MutationObserver(closeDialog)
    dialogs.observe(document.body, { childList: true, subtree: true })
    return { dialogs, timer: setTimeout(async () => this.say(await this.why), PATIENCE) }
  }

  // For a moment a server that stops still answers.
  async ask() {
    try {
      return (await fetch(this.ready, { cache: "no-store" })).status === 503 ? RESTARTED : GONE
    } catch {
      return GONE
    }
  }

  say(words) {
    if (connected() || !this.gone || this.line) return
    const { color, backgroundColor, fontFamily } = getComputedStyle(app())
    this.line = make("div", "away", document.body)
    this.line.setAttribute("role", "status")
    this.line.style.cssText =
      "position: fixed; z-index: 999993; left: 0; right: 0; bottom: 14px; width: fit-content; margin: auto; box-sizing: border-box;" +
      "max-width: calc(100vw - 28px); padding: 6px 14px; border: 1px solid; border-radius: 8px; font-size: 14px; line-height: 20px"
    Object.assign(this.line.style, { color, backgroundColor, fontFamily })
    this.line.append(words) // after the line itself: so it is read out
  }

  back() {
    if (!this.gone) return
    this.gone.dialogs.disconnect()
    clearTimeout(this.gone.timer)
    this.line?.remove()
    this.gone = this.line = null
  }
}

function closeDialog() {
  for (const dialog of document.querySelectorAll("[role=dialog]"))
    if (dialog.textContent.includes(DIALOG)) dialog.querySelector("button[aria-label=Close]")?.click()
}

// Where Streamlit's script stops at an error of its own, it leaves an empty window. The address brings the scene back.
const REST = 20000 // milliseconds between two times: what stops at once must not go round and round
const LAST = "puzzlescope-came-back"

class Fallen {
  constructor(root) {
    this.root = root
    new MutationObserver(() => this.look()).observe(root, { childList: true })
    this.look() // it may have stopped before this script had come
  }

  look() {
    if (this.root.childElementCount || this.coming) return
    this.coming = true
    const rested = Date.now() - Number(sessionStorage.getItem(LAST) ?? 0)
    setTimeout(() => this.comeBack(), Math.max(0, REST - rested))
  }

  comeBack() {
    sessionStorage.setItem(LAST, Date.now())
    location.reload()
  }
}

export default function ({ data }) {
  const root = document.getElementById("root")
  if (root) window.puzzlescopeFallen ??= new Fallen(root)
  window.puzzlescopeAway ??= new Away()
  window.puzzlescopeAway.ready = data.ready
}
