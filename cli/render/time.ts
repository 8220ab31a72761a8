/** Milliseconds as people read them: `0.4 ms`, `48.2 ms`, `1.25 s`, `3 min 20 s`. */
export function duration (ms: number): string {
  if (ms < 1_000) return `${ms.toFixed(1)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`
  const seconds = Math.round(ms / 1_000)
  return seconds < 7_200 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${Math.floor(seconds / 3_600)} h ${Math.floor(seconds % 3_600 / 60)} min`
}

/** An ISO instant in UTC without its letters; what is no instant is shown as it is. */
export function instant (iso: string, precision: 'seconds' | 'milliseconds' = 'seconds'): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$/.exec(iso)
  if (match === null) return iso
  const [, day, time, fraction = ''] = match
  return `${day} ${time}${precision === 'milliseconds' ? fraction : ''} UTC`
}
