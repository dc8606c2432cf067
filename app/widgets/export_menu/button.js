// The small button beside a figure that opens its export.
export default function ({ data, parentElement, setTriggerValue }) {
  const button = parentElement.querySelector("button")
  button.setAttribute("aria-label", data.label)
  button.title = data.label
  button.onclick = () => setTriggerValue("asked", true)
}
