// In the file of a story: one scene at a time, by arrow keys, buttons and the address. Without it all scenes stand below each other.
const scenes = [...document.querySelectorAll("section")]
const [previous, next, count] = ["previous", "next", "count"].map((id) => document.getElementById(id))

const asked = () => Math.min(scenes.length, Math.max(1, Number(location.hash.slice(1)) || 1))

function show() {
  const at = asked()
  scenes.forEach((scene, k) => (scene.hidden = k !== at - 1))
  previous.disabled = at === 1
  next.disabled = at === scenes.length
  count.textContent = `${at} / ${scenes.length}`
}

function step(way) {
  const at = asked() + way
  if (at >= 1 && at <= scenes.length) location.hash = at
}

previous.onclick = () => step(-1)
next.onclick = () => step(1)
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return
  const way = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1 }[event.key]
  if (way) step(way)
})
window.addEventListener("hashchange", show)
document.querySelector("nav").hidden = false
show()
