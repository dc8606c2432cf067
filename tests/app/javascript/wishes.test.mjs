import assert from "node:assert/strict"
import test from "node:test"
import { load } from "./load.mjs"

/** Wishes, and a browser with a clock that is moved by hand. */
function board() {
  const found = { timers: [], sent: [], events: [], state: "notRunning", root: { isConnected: true } }
  const globals = {
    setTimeout: (run) => found.timers.push(run),
    clearTimeout: (number) => number && (found.timers[number - 1] = () => {}),
    Event: class { constructor(name) { this.name = name } },
    window: { dispatchEvent: (event) => found.events.push(event.name), addEventListener() {} },
    document: { querySelector: () => ({ getAttribute: () => found.state }) },
  }
  const { Wishes } = load("ablation_board/controls.js", ["Wishes"], globals)
  const wishes = new Wishes(found.root)
  wishes.heard(["", 0], (name, said) => found.sent.push(said.wishes.length))
  const later = () => found.timers.splice(0).forEach((run) => run())
  return { ...found, found, wishes, later }
}

test("a wish is said again until it is heard", () => {
  const { wishes, sent, later } = board()
  wishes.add({ off: "L1.attn" })
  later()
  wishes.add({ off: "L0.attn" })
  assert.deepEqual(sent, [1, 1, 2])
  wishes.heard([wishes.client, 1], (name, said) => sent.push(said.wishes.length))
  later()
  assert.deepEqual(sent, [1, 1, 2, 1])
  wishes.heard([wishes.client, 2], () => assert.fail())
  later()
})

test("while the server is at work nothing is said again, but afterwards", () => {
  const { found, wishes, sent, later } = board()
  wishes.add({ off: "L1.attn" })
  for (const state of ["running", "rerunRequested"]) {
    found.state = state
    for (let times = 0; times < 10; times += 1) later()
  }
  assert.deepEqual([sent, found.events], [[1], []])
  found.state = "notRunning"
  later()
  assert.deepEqual(sent, [1, 1])
})

test("a page whose board is gone asks for all", () => {
  const { found, wishes, later } = board()
  wishes.add({ off: "L1.attn" })
  for (let times = 0; times < 4; times += 1) later()
  assert.deepEqual(found.events, ["puzzlescope:unheard"])
  found.root.isConnected = false
  later()
  later()
  assert.equal(found.sent.length, 5)
})

test("the server is at work while a script runs or is asked for", () => {
  const state = { of: null }
  const app = { getAttribute: () => state.of }
  const document = { querySelector: () => (state.of ? app : null) }
  const { atWork } = load("ablation_board/controls.js", ["atWork"], { document })
  const answers = ["running", "rerunRequested", "notRunning", null].map((of) => ((state.of = of), atWork()))
  assert.deepEqual(answers, [true, true, false, false])
})
