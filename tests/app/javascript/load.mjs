// Reads a component's script, as the browser gets it, without a browser: what it declares can then be tested.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import vm from "node:vm"

/** The named functions, classes and constants of a script; `globals` stand in for what a browser offers. */
export function load(script, names, globals = {}) {
  const text = readFileSync(join(process.env.SCRIPTS, script), "utf8").replace("export default", "var shown =")
  const context = vm.createContext({ DataView, Float32Array, TextDecoder, Uint8Array, Uint16Array, URLSearchParams, WeakMap, ...globals })
  vm.runInContext(text, context, { filename: script })
  return vm.runInContext(`({ ${names.join(", ")} })`, context)
}

/** A value of a script as one of the test's own: arrays and objects of two contexts are never deeply equal. */
export const plain = (value) => JSON.parse(JSON.stringify(value))

/** A message as a server sends it: the header's length, the header as JSON, then arrays of numbers. */
export function message(header, ...arrays) {
  const json = new TextEncoder().encode(JSON.stringify(header))
  const length = new Uint8Array(new Uint32Array([json.length]).buffer)
  const parts = [length, json, ...arrays.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength))]
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0)
  return whole
}
