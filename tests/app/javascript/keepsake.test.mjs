import assert from "node:assert/strict"
import test from "node:test"
import { load } from "./load.mjs"

const { Keepsake } = load("keepsake/keepsake.js", ["Keepsake"])

/** What a browser keeps, with what it has told; `said` goes through as the server's data. */
function browser(kept = null) {
  const all = new Map(kept === null ? [] : [["draft", kept]])
  const store = {
    getItem: (name) => all.get(name) ?? null,
    setItem: (name, text) => all.set(name, text),
    removeItem: (name) => all.delete(name),
  }
  const told = []
  let keepsake = new Keepsake()
  return {
    told,
    say: (text, heard = false, visit = "one") =>
      keepsake.update({ name: "draft", text, longest: 10, visit, heard }, (found) => told.push(found), store),
    reload: () => (keepsake = new Keepsake()),
    kept: () => all.get("draft") ?? null,
    write: (text) => all.set("draft", text),
  }
}

test("what is written is kept, and forgotten when it is taken away", () => {
  const one = browser()
  one.say("")
  one.say("a story")
  assert.equal(one.kept(), "a story")
  one.say("")
  assert.equal(one.kept(), null)
  assert.deepEqual(one.told, [])
})

test("after a reload the server is told, and until it has heard nothing is forgotten", () => {
  const one = browser("a story")
  for (let run = 0; run < 5; run++) one.say("")
  assert.deepEqual(one.told, ["a story", "a story", "a story"])
  assert.equal(one.kept(), "a story")
  one.say("a story", true)
  one.say("", true)
  assert.equal(one.kept(), null)
})

test("a server that was started anew is told too, by the page that stayed open", () => {
  const one = browser()
  one.say("")
  one.say("a story")
  one.say("", false, "two")
  assert.deepEqual(one.told, ["a story"])
  assert.equal(one.kept(), "a story")
})

test("another tab's text stays until something new is written in this one", () => {
  const one = browser()
  one.say("mine")
  one.write("theirs")
  one.say("mine")
  assert.equal(one.kept(), "theirs")
  one.say("mine 2")
  assert.equal(one.kept(), "mine 2")
})

test("what is too long is neither kept nor told", () => {
  const one = browser("x".repeat(11))
  one.say("")
  assert.deepEqual(one.told, [])
  one.say("y".repeat(11))
  assert.equal(one.kept(), "x".repeat(11))
})

test("a browser that keeps nothing does without", () => {
  const no = () => {
    throw new Error("SecurityError")
  }
  new Keepsake().update({ name: "d", text: "t", longest: 9, visit: "v", heard: true }, no, { getItem: no, setItem: no, removeItem: no })
})
