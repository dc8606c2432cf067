// The graph of a circuit on a page: it stays while the page runs again, and is told what is new.
const graphs = new WeakMap()
let calls = 0

export default function ({ data, parentElement, setTriggerValue }) {
  let graph = graphs.get(parentElement)
  if (!graph) graphs.set(parentElement, (graph = new CircuitGraph(parentElement, {})))
  const call = (graph.call = ++calls)
  graph.tell.event = (event) => setTriggerValue("event", { ...event, number: (graph.events = (graph.events ?? 0) + 1) })
  graph.tell.state = (state) => setTriggerValue("state", state)
  graph.update(data.picture, data.state, data.asked)
  return () => {
    if (graph.call !== call) return // a later call has taken over
    graph.detach()
    graphs.delete(parentElement)
  }
}
