import assert from "node:assert/strict"
import test from "node:test"
import { load, plain } from "./load.mjs"

const { clicked, dressed } = load("charts/chart.js", ["clicked", "dressed"])

test("a click says the customdata of what was clicked", () => {
  assert.deepEqual(plain(clicked({ points: [{ customdata: ["frame", "L1.attn"] }, { customdata: ["L2.attn"] }] })), ["frame", "L1.attn"])
  assert.deepEqual(plain(clicked({ points: [{}, { customdata: [7] }] })), ["7"])
  assert.equal(clicked({ points: [{ customdata: undefined }] }), null)
  assert.equal(clicked(undefined), null)
})

test("a chart wears the page's type and colours, and keeps its own", () => {
  const style = { fontFamily: "serif", getPropertyValue: (name) => ` ${name} ` }
  const found = dressed({ title: { text: "a", font: { size: 13 } }, xaxis: { zeroline: false }, yaxis: { zerolinecolor: "red" } }, style)
  assert.deepEqual(plain(found.font), { size: 12, family: "serif", color: "--st-text-color" })
  assert.equal(found.title, undefined) // the page writes it
  assert.equal(found.yaxis.zerolinecolor, "red")
  assert.equal(found.xaxis.zerolinecolor, "--st-border-color")
})
