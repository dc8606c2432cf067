// What a component draws with state of its own: made once for its place on the page, told what is new at every call, and taken
// away when the last call's component goes. A call may begin before the one before it has ended.
function kept(Made, trigger) {
  const all = new WeakMap()
  let calls = 0
  return ({ data, parentElement, setTriggerValue }) => {
    let made = all.get(parentElement)
    if (!made) all.set(parentElement, (made = new Made(parentElement)))
    const call = (made.call = ++calls)
    made.update(data, (value) => setTriggerValue(trigger, value))
    return () => {
      if (made.call !== call) return // a later call has taken over
      made.detach()
      all.delete(parentElement)
    }
  }
}
