/** One event at a time: what an action brings about at once comes after all that the action's own event does. */
export function createEventQueue<Event> (eventsMax: number, take: (event: Event) => void, onFull: (event: Event) => void): (event: Event) => void {
  const queue: Event[] = []
  let draining = false
  return event => {
    if (queue.length >= eventsMax) return onFull(event)
    queue.push(event)
    if (draining) return
    draining = true
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) take(next)
    } finally {
      draining = false
    }
  }
}
