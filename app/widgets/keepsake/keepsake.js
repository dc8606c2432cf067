// A text that this browser keeps. A browser that keeps nothing, or is full, does without.
const TRIES = 3 // of two messages that wait for a running script Streamlit takes the later one

class Keepsake {
  update({ name, text, longest, visit, heard }, tell, given) {
    if (visit !== this.visit) {
      this.visit = visit
      this.tries = 0
      this.written = null
    }
    try {
      const store = given ?? window.localStorage // in a frame of another site even this fails
      const kept = store.getItem(name) ?? ""
      if (!heard && !text && kept && this.written === null) {
        if (kept.length <= longest && this.tries++ < TRIES) tell(kept)
      } else if (text !== this.written) {
        // Another tab may have written since: only what is new here takes its place.
        if (!text) store.removeItem(name)
        else if (text.length <= longest) store.setItem(name, text)
        this.written = text
      }
    } catch {
      // it is switched off, refused or full
    }
  }
}

const keepsakes = new Map()

export default function ({ data, setTriggerValue }) {
  if (!keepsakes.has(data.name)) keepsakes.set(data.name, new Keepsake())
  keepsakes.get(data.name).update(data, (text) => setTriggerValue("found", text))
}
