import assert from "node:assert/strict"
import test from "node:test"
import { load, plain } from "./load.mjs"

/** A browser's tab whose time and sight a test decides. */
function tab() {
  const found = { timers: [], told: [], asked: [], listeners: {}, hidden: false }
  const listen = (name, hear) => (found.listeners[name] = hear)
  found.document = { get hidden() { return found.hidden }, addEventListener: listen, removeEventListener: (name) => delete found.listeners[name] } // prettier-ignore
  const globals = {
    document: found.document,
    window: { dispatchEvent: (event) => found.told.push(event.detail) },
    CustomEvent: class { constructor(name, { detail }) { this.detail = detail } }, // prettier-ignore
    Math: { random: () => 0.5 },
    setTimeout: (run, wait) => found.timers.push({ run, wait }),
    clearTimeout: (number) => number && (found.timers[number - 1].run = () => {}),
  }
  const { LookIn } = load("browser/look_in.js", ["LookIn"], globals)
  found.parent = { isConnected: true }
  found.look = new LookIn(found.parent)
  found.answer = (look, after = 2, news = {}) => found.look.update({ look, after, news }, (name, value) => found.asked.push([name, value]))
  return found
}

test("the next look is asked for once the last was answered", () => {
  const { answer, timers, asked } = tab()
  answer(1)
  assert.deepEqual(timers.map((one) => one.wait), [2000])
  answer(1) // the same answer once more, for a new theme
  assert.equal(timers.length, 1)
  timers[0].run()
  assert.deepEqual(plain(asked), [["due", 1]])
  timers[1].run() // no answer for long
  assert.deepEqual(plain(asked), [["due", 1], ["due", 1]])
  answer(2, null)
  assert.equal(timers.length, 3)
})

test("a page that is not seen asks when it is seen again", () => {
  const found = tab()
  found.answer(1)
  found.hidden = true
  found.timers[0].run()
  assert.deepEqual(found.asked, [])
  found.hidden = false
  found.listeners.visibilitychange()
  assert.deepEqual(plain(found.asked), [["due", 1]])
})

test("a page that is gone asks for nothing", () => {
  const found = tab()
  found.answer(1)
  found.parent.isConnected = false
  found.timers[0].run()
  found.listeners.visibilitychange()
  assert.deepEqual([found.asked, Object.keys(found.listeners)], [[], []])
})

test("news are handed to the components they are of", () => {
  const { answer, told } = tab()
  answer(1, 2, { board: { edition: 3, set: { a: 1 }, into: {} } })
  assert.deepEqual(plain(told), [{ key: "board", edition: 3, set: { a: 1 }, into: {} }])
})

test("a component takes the news of its own sending, and keeps them", () => {
  const listeners = []
  const window = { addEventListener: (_, hear) => listeners.push(hear), removeEventListener: () => listeners.pop() }
  const { News } = load("experiments/cards.js", ["News"], { window })
  const root = { isConnected: true }
  let taken = null
  const news = new News(root, (data) => (taken = data))
  const sent = { key: "board", edition: 3, status: "a", tiles: { x: 1, y: 2 } }
  assert.equal(news.now(sent), sent)
  const [hear] = listeners
  hear({ detail: { key: "other", edition: 3, set: { status: "no" }, into: {} } })
  hear({ detail: { key: "board", edition: 2, set: { status: "no" }, into: {} } })
  assert.equal(taken, null)
  hear({ detail: { key: "board", edition: 3, set: { status: "b" }, into: { tiles: { y: 3 } } } })
  assert.deepEqual(plain(taken), { key: "board", edition: 3, status: "b", tiles: { x: 1, y: 3 } })
  assert.equal(news.now({ ...sent }).status, "b") // the same call again
  assert.equal(news.now({ ...sent, edition: 4 }).status, "a")
  root.isConnected = false
  hear({ detail: { key: "board", edition: 4, set: { status: "no" }, into: {} } })
  assert.equal(listeners.length, 0)
})
