import assert from "node:assert/strict"
import test from "node:test"
import { load, plain } from "./load.mjs"

const { clicked, dressed, narrowed } = load("charts/chart.js", ["clicked", "dressed", "narrowed"])

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
  assert.equal(found.title, undefined, "the page writes it")
  assert.equal(found.yaxis.zerolinecolor, "red")
  assert.equal(found.xaxis.zerolinecolor, "--st-border-color")
})

test("on a phone the legend stands below, titles of axes go on, labels are their first line", () => {
  const text = "100 back: the cell about to be predicted, one grid back"
  const data = [{ mode: "markers+text", text: ["0.61<br>16 cells", 3] }, { mode: "lines", text: ["a<br>b"] }]
  const layout = { legend: { orientation: "h", x: 1, xanchor: "right" }, xaxis: { title: { text } }, yaxis: { title: { text } } }
  const found = plain(narrowed({ data, layout }))
  assert.deepEqual(found.data.map((trace) => trace.text), [["0.61", 3], ["a<br>b"]])
  assert.equal(found.layout.legend.x, 0)
  assert.equal(found.layout.legend.yref, "container")
  assert.equal(found.layout.xaxis.title.text, "100 back: the cell about to be<br>predicted, one grid back")
  assert.equal(found.layout.yaxis.title.text, text, "there is room along the other")
  assert.equal(layout.legend.x, 1, "what came stays as it came")
})
