import { SERVER_COUNTS, type ServerCount, type ServerStatistics } from '../statistics-service.ts'

/** As the server writes them: `txn-history-atoms`. */
const WRITTEN: ReadonlyMap<string, ServerCount> = new Map(SERVER_COUNTS.map(count => [count.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`), count]))

/** Reads the one line of `memory/show` (`cells:4 json-caches:2 monitors:1 sessions:1`). Names that are not known are left out: labels and metrics stay bounded. */
export function parseMemoryShow (text: string): ServerStatistics['counts'] {
  const counts: Partial<Record<ServerCount, number>> = {}
  for (const [, name = '', value = ''] of text.matchAll(/(?<=^|\s)([a-z-]+):(\d+)(?=\s|$)/g)) {
    const count = WRITTEN.get(name)
    if (count !== undefined) counts[count] = Number(value)
  }
  // of these a server that has none says nothing
  return Object.keys(counts).length === 0 ? {} : { sessions: 0, triggers: 0, backlog: 0, ...counts }
}
