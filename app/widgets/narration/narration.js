// One sentence. It is a live region only from when it is first drawn: what a page opens with is no news.
function begin(parent) {
  const line = make("p", "narration", parent)
  requestAnimationFrame(() => line.setAttribute("role", "status"))
  return line
}

export default function ({ data, parentElement }) {
  const line = parentElement.querySelector(".narration") ?? begin(parentElement)
  if (line.textContent !== data.sentence) line.textContent = data.sentence
}
