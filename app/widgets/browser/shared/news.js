// What is new of a component that stays as it is, told by look_in.js: see app/widgets/browser/news.py.
class News {
  /** `root`: of the component, which hears while it is on the page; `take` is given its data as they are now. */
  constructor(root, take) {
    const hear = ({ detail }) => {
      if (!root.isConnected) return window.removeEventListener("puzzlescope:news", hear)
      if (detail.key !== this.data?.key || detail.edition !== this.data.edition) return
      take((this.data = changed(this.data, detail)))
    }
    window.addEventListener("puzzlescope:news", hear)
  }

  /** The data that a call of the component brings; the same call again, for a new theme say, must not undo what is news. */
  now(data) {
    if (data.edition !== this.data?.edition) this.data = data
    return this.data
  }
}

function changed(data, { set, into }) {
  const found = { ...data, ...set }
  for (const [name, entries] of Object.entries(into)) found[name] = { ...data[name], ...entries }
  return found
}
