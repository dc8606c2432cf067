// The way into the tour.
export default function ({ parentElement, setTriggerValue }) {
  let button = parentElement.querySelector(".start")
  if (!button) {
    button = make("button", "start", parentElement, "Start here")
    button.type = "button"
    button.title = "Five steps on this page, in two minutes"
  }
  button.onclick = () => setTriggerValue("wish", { do: "start", at: 0 })
}
