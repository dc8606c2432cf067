// What Streamlit has no words for: the names of its icons are read out as text, and buttons with the same word in every card
// are told apart by the card's heading.
const ICONS = "[data-testid=stIconMaterial]:not([aria-hidden])"
const IN_CARDS = '[class*="st-key-play-"] button:not([aria-label])'

/** Whether what an icon stands in has a name without it. */
function isNamed(icon) {
  const host = icon.closest("button, a, summary, [role=button]")
  return !host || host.hasAttribute("aria-label") || host.textContent.trim() !== icon.textContent.trim()
}

function name() {
  for (const icon of document.querySelectorAll(ICONS)) if (isNamed(icon)) icon.setAttribute("aria-hidden", "true")
  for (const button of document.querySelectorAll(IN_CARDS)) {
    const heading = headingBefore(button)
    if (heading) button.setAttribute("aria-label", `Play ${heading.textContent.trim()}`)
  }
}

/** The heading of the innermost block around an element that has one. */
function headingBefore(element) {
  for (let around = element.parentElement; around; around = around.parentElement) {
    const heading = around.querySelector("h2, h3")
    if (heading) return heading
  }
  return null
}

// When the page has time for it, once for all that has changed.
let due = false
function later() {
  if (due) return
  due = true
  requestIdleCallback(
    () => {
      due = false
      name()
    },
    { timeout: 1000 },
  )
}

export default function () {
  later()
  if (window.puzzlescopeNaming) return
  window.puzzlescopeNaming = new MutationObserver((changes) => changes.some((change) => change.addedNodes.length) && later())
  window.puzzlescopeNaming.observe(document.body, { subtree: true, childList: true })
}
