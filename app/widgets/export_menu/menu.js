// Copies the page's address, which holds all that is on screen.
const WAIT = 2500

// Browsers give a page the clipboard only over https or on localhost; elsewhere a selected field can still be copied.
function copyFrom(field) {
  field.hidden = false
  field.focus()
  field.select()
  const copied = document.execCommand("copy")
  field.hidden = copied
  return copied
}

export default function ({ parentElement }) {
  const button = parentElement.querySelector("button")
  const field = parentElement.querySelector("input")
  const said = parentElement.querySelector(".said")
  let timer = null

  function say(text, keep) {
    clearTimeout(timer)
    said.textContent = text
    if (!keep) timer = setTimeout(() => (said.textContent = ""), WAIT)
  }

  button.onclick = async () => {
    field.value = window.location.href
    try {
      await navigator.clipboard.writeText(field.value)
      say("Copied")
    } catch {
      if (copyFrom(field)) {
        button.focus()
        say("Copied")
      } else say("Press Ctrl+C (⌘C) to copy the link", true)
    }
  }
  field.onblur = () => {
    field.hidden = true
    say("")
  }
  return () => clearTimeout(timer)
}
