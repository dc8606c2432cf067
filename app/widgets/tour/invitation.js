// What the page is, in a line, and the way into the tour.
export default function ({ data, parentElement, setTriggerValue }) {
  let line = parentElement.querySelector(".invitation")
  if (!line) {
    line = make("div", "invitation", parentElement)
    make("span", "", line)
    const button = make("button", "start", line, "Start here (2 min)")
    button.type = "button"
  }
  line.querySelector("span").textContent = data.sentence
  line.querySelector("button").onclick = () => setTriggerValue("wish", { do: "start", at: 0 })
}
