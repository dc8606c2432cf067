// Keys that mean something on the whole page: they do only where nothing that has the focus takes them itself.

const TAKES_KEYS = ["input", "textarea", "select", "canvas", "[contenteditable=true]"]
  .concat(["grid", "treegrid", "slider", "listbox", "menu", "combobox", "spinbutton", "tablist", "radiogroup", "dialog"].map((role) => `[role=${role}]`))
  .join(", ")

function isFree(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false
  return !event.composedPath().some((node) => node.matches?.(TAKES_KEYS))
}
