// Keeps an open page alive, and its history in steps. There is one keeper in a browser's tab, however often this module is run.
const STATE = "data-test-connection-state"
const OPEN = "puzzlescope-open" // a cookie: this browser has a page that is drawn
const RAPID = 500 // milliseconds within which changes of the same things are one step: a slider that is dragged
const SETTLED = 20_000 // milliseconds after which a page that Streamlit gives up is loaded anew: earlier, it would happen again
const AGAIN = 3000 // milliseconds after which a server that is away is asked again whether the visitor may still enter
const LEAVING = 30_000 // milliseconds for which a page that is being left is not loaded anew: that would call off where the visitor goes
const PATIENCE = 10_000 // milliseconds to wait for the run of a step that was gone to
const REMIND = 1000 // milliseconds after which a server that has nothing to do, and has not begun that run, is told of the step again

const STEPS = ["model", "puzzle", "off", "cut", "pin", "show", "study", "sql", "story", "at"] // what makes a step in the history; the rest changes the step one is at

const PAINTED = ["puzzle", "cell"] // what a stroke of the easel changes

// One painting after another on the page of the puzzles: all strokes are one step.
const isStroke = (before, after, path, names) =>
  /\/puzzles\/?$/.test(path) && names.every((name) => PAINTED.includes(name)) && [before, after].every((query) => query.get("puzzle")?.startsWith("own."))

const RESERVED = ["embed", "embed_options"] // names in an address that Streamlit keeps to itself

const same = (query, search) => {
  const told = new Map([...new URLSearchParams(search)].filter(([name]) => !RESERVED.includes(name)))
  return Object.keys(query).length === told.size && Object.entries(query).every(([name, value]) => told.get(name) === value)
}

const placeOf = ({ pathname, search }) => pathname + search

const app = () => document.querySelector("[data-testid=stApp]")
const state = () => app()?.getAttribute(STATE)
const idle = () => app()?.getAttribute("data-test-script-state") === "notRunning"
const connected = () => state() === "CONNECTED"

const turnedAway = async () => {
  const asked = { cache: "no-store", redirect: "manual", headers: { Accept: "text/plain" } }
  const answer = await fetch(location.href, asked).catch(() => null) // null: the server is away
  return answer !== null && (answer.type === "opaqueredirect" || [401, 403].includes(answer.status))
}

class Keeper {
  constructor() {
    this.asked = 0
    this.alive = true // the server knows this visitor and his scene
    leadFocus()
    this.watchConnection()
    this.keepSteps()
  }

  // ---- the server was away -----------------------------------------------------------------------------------------
  // Streamlit takes the server that it finds again for the one it lost. But if that was started anew, or has given the
  // visitor up, it knows neither the scene nor any fragment, and what is clicked reaches nobody. A run of the whole page
  // makes them; the scene comes from the address.

  watchConnection() {
    const lost = (changes) => changes.some((change) => change.oldValue !== "CONNECTED") || !connected()
    const look = (changes) => {
      if (lost(changes)) this.alive = false
      if (!connected()) this.askEntry()
      if (state() === "DISCONNECTED_FOREVER" && performance.now() > SETTLED) this.reload()
      if (!this.alive && connected()) this.back()
    }
    new MutationObserver(look).observe(document.body, { subtree: true, attributeFilter: [STATE], attributeOldValue: true })
    window.addEventListener("beforeunload", () => (this.left = performance.now()))
    window.addEventListener("popstate", () => (this.moved ||= !connected())) // nobody heard of it
    window.addEventListener("puzzlescope:unheard", () => connected() && idle() && this.ask())
    document.addEventListener("click", (event) => this.hold(event), true)
  }

  // Streamlit goes on knocking when the visitor has signed out elsewhere, or the sign-in has run out. The page itself,
  // asked for anew, leads to where one signs in.
  async askEntry() {
    if (this.asking) return
    this.asking = true
    while (!connected()) {
      if (await turnedAway()) this.reload()
      await new Promise((resolve) => setTimeout(resolve, AGAIN))
    }
    this.asking = false
  }

  // Who signs out is on the way to the provider's page, which may be slow, when the server has ended the session already.
  reload() {
    if (!(performance.now() - this.left < LEAVING)) location.reload()
  }

  back() {
    if (this.moved) window.dispatchEvent(new PopStateEvent("popstate"))
    else this.ask()
    this.moved = false
  }

  // The server draws nothing before the style sheet is there, or as good as never comes.
  waitForStyle(since = performance.now()) {
    const there = getComputedStyle(app()).getPropertyValue("--quiet")
    if (there || performance.now() - since > PATIENCE) this.ready()
    else requestAnimationFrame(() => this.waitForStyle(since))
  }

  // Told to this server, and to the one that may take its place while the page is open.
  ready() {
    document.cookie = `${OPEN}=1; SameSite=Lax`
    window.addEventListener("pagehide", () => (document.cookie = `${OPEN}=; max-age=0; SameSite=Lax`), { once: true })
    this.trigger("ready", true)
  }

  ask() {
    this.asked += 1
    this.trigger?.("ask", this.asked)
  }

  // To another page only once the server knows the scene: Streamlit goes there without it.
  hold(event) {
    const link = event.target.closest?.("[data-testid=stHeader] a[href], .st-key-tabs a[href]")
    if (link) this.awaited = null // he goes on from where he is
    if (this.alive || !link) return
    event.preventDefault()
    event.stopPropagation()
    this.held = link
    if (connected() && idle()) this.ask()
  }

  // A run has begun, if the data are new; else only the theme is.
  begun(trigger, data) {
    this.trigger = trigger
    if (data === this.data) return
    this.data = data
    if (!data.ready) return this.waitForStyle() // nothing is drawn, and no scene is known
    if (this.awaited && this.answers(data)) this.awaited = null
    this.alive = connected()
    if (!this.alive) return
    this.held?.click()
    this.held = null
  }

  // ---- Back and Forward --------------------------------------------------------------------------------------------
  // Streamlit makes a step of everything that it writes in the address. Here a step is a page, a puzzle, an ablation, a
  // study and a question to it; how they are looked at is not. An address that gets its scene only now is the same step as
  // without, and so are changes of the same things that follow each other rapidly.

  keepSteps() {
    const [push, replace] = [history.pushState.bind(history), history.replaceState.bind(history)]
    history.pushState = (state, title, url) => {
      const next = new URL(url, location.href)
      if (next.href === location.href || this.awaits() || this.cleared(next)) return
      if (this.sameStep(next)) replace(state, title, url)
      else push(state, title, url)
      this.here = placeOf(location)
    }
    history.replaceState = (...address) => {
      if (this.awaits()) return
      replace(...address)
      this.here = placeOf(location)
    }
    this.here = placeOf(location)
    window.addEventListener("popstate", () => {
      const here = placeOf(location)
      if (here === this.here) return // a jump within the page
      this.here = here
      // The address as it was typed, which got its scene before this was there to make one step of the two: passed over.
      if (!new URLSearchParams(location.search).has("puzzle")) history.back()
      this.step = null
      this.awaited = { path: location.pathname, search: location.search, since: performance.now() }
      this.remind(this.awaited)
    })
  }

  // Whether this run shows the step that the visitor has gone to. Only an address with a scene is asked for.
  answers({ page, pages, query, asked }) {
    const { path, search } = this.awaited
    const last = path.split("/").filter(Boolean).at(-1)
    return page === (pages.includes(last) ? last : "") && same(new URLSearchParams(search).has("puzzle") ? (asked ?? {}) : query, search)
  }

  // What a page says in the same moment may take the step's place among the messages to the server, with the page and the
  // address as they were; or Streamlit makes one of the two, and forgets that the address was gone to.
  remind(step) {
    setTimeout(() => {
      if (this.awaited !== step || !this.awaits()) return
      if (connected() && idle()) window.dispatchEvent(new PopStateEvent("popstate"))
      this.remind(step)
    }, REMIND)
  }

  // Whether the visitor has gone to a step of which no run has begun yet: what is written until then is of another one.
  awaits() {
    return this.awaited && performance.now() - this.awaited.since < PATIENCE
  }

  // Before Streamlit leads from one page to another it takes the scene out of the address of the page that is left.
  cleared(next) {
    return next.pathname === location.pathname && !next.searchParams.has("puzzle") && new URLSearchParams(location.search).has("puzzle")
  }

  sameStep(next) {
    const [before, after] = [new URLSearchParams(location.search), next.searchParams]
    const names = [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name))
    const step = { what: [next.pathname, ...names].sort().join(), at: performance.now() }
    const last = this.step
    this.step = step
    if (next.pathname !== location.pathname) return false
    if (isStroke(before, after, next.pathname, names)) return true
    if (!before.has("puzzle") || !names.some((name) => STEPS.includes(name))) return true
    return !names.includes("off") && last?.what === step.what && step.at - last.at < RAPID
  }
}

// The data tells each run from the one before it, so this is called whenever one begins.
export default function ({ data, setTriggerValue }) {
  window.puzzlescopeKeeper ??= new Keeper()
  window.puzzlescopeKeeper.begun(setTriggerValue, data)
}
