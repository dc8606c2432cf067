// Loads CircuitsVis once from this server and lets it draw one head's pattern.
let loading = null
let count = 0

function load(source) {
  if (window.CircuitsVis) return Promise.resolve()
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script")
    script.src = new URL(source, document.baseURI).href
    script.onload = resolve
    script.onerror = () => {
      loading = null
      reject(new Error(`${script.src} could not be loaded`))
    }
    document.head.appendChild(script)
  })
  return loading
}

export default function ({ data, parentElement }) {
  parentElement.querySelector(".attention-view")?.remove()
  const holder = document.createElement("div")
  holder.className = "attention-view"
  // A React root cannot be taken over by a second one: each drawing gets a container of its own.
  holder.id = `attention-view-${++count}`
  parentElement.appendChild(holder)
  load(data.bundle).then(
    () => {
      if (!holder.isConnected) return
      const { tokens, attention } = data
      const look = { minValue: 0, maxValue: data.full, positiveColor: "#c8401a", showAxisLabels: true, maskUpperTri: true }
      window.CircuitsVis.render(holder.id, window.CircuitsVis.AttentionPattern, { tokens, attention, ...look })
    },
    (error) => (holder.textContent = `The attention view is not available: ${error.message}.`),
  )
}
