// An element of a page, made in its place.

function make(name, className, parent, text = "") {
  const made = document.createElement(name)
  made.className = className
  made.textContent = text
  parent.appendChild(made)
  return made
}
