// Tab leads to what is chosen. In Streamlit's rows of choices it would lead to the first of them.

function leadFocus() {
  let tabbed = false
  document.addEventListener("keydown", (event) => (tabbed = event.key === "Tab"), true)
  document.addEventListener("pointerdown", () => (tabbed = false), true)
  document.addEventListener("focusin", ({ target, relatedTarget }) => {
    const row = target.closest?.("[role=radiogroup]")
    if (tabbed && row && !row.contains(relatedTarget)) row.querySelector("[aria-checked=true]")?.focus()
  })
}
