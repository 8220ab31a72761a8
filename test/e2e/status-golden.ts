// `ovsdb-ha status` in each phase, compared with pages that a person has read. The real command prints the real view, in
// which only what differs from run to run is levelled: times, process ids, terms (counted down from the highest), and
// which of two equal backups was taken. UPDATE_GOLDEN=1 rewrites the pages; read the difference before you keep it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import path from 'node:path'
import type { ClusterView } from '../../protocol/api.ts'
import { type Testbed } from '../testbed/testbed.ts'
import { ovsdbHa } from './cli.ts'

/** The highest term of a page. */
const TERM_SHOWN = 9
/** Of a backup that is more than one heartbeat behind. */
const LAG_SHOWN = 5
const INSTANT = '2026-01-01T12:00:00.000Z'

export async function assertStatus (testbed: Testbed, name: string): Promise<void> {
  const api = await testbed.api()
  const levelled = await levelledController(testbed)
  try {
    const { exitCode, stdout, stderr } = await ovsdbHa(testbed.plan, levelled.url, ['status'])
    assert.equal(exitCode, 0, `${stderr} (asked ${api.url})`)
    const file = path.join(import.meta.dirname, 'golden', `${name}.txt`)
    if (process.env.UPDATE_GOLDEN === '1') await writeFile(file, `${stdout}\n`)
    assert.equal(`${stdout}\n`, await readFile(file, 'utf8'))
  } finally {
    await levelled.close()
  }
}

/** Stands between the command and the controller, and levels the clusters that it passes on. */
async function levelledController (testbed: Testbed): Promise<{ readonly url: string, readonly close: () => Promise<void> }> {
  const api = await testbed.api()
  const server = createServer((request, response) => {
    api.get<object>(request.url ?? '/').then(({ status, body }) => {
      const view = 'nodes' in body ? level(body as ClusterView, testbed.plan.index) : body
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(view))
    }).catch((error: Error) => response.writeHead(502).end(JSON.stringify({ code: 'OVSDB_HA_TEST', message: error.message, hint: '' })))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}

export function level (view: ClusterView, index: number): ClusterView {
  const termOffset = TERM_SHOWN - view.term
  const swapped = view.active === 'c'
  // addresses are printed in their shortest form
  const network6 = index === 0 ? 'fd00:213::' : `fd00:213:${index.toString(16)}::`
  const words = (text: string): string => {
    const levelled = text
      .replaceAll(`10.213.${index}.`, '10.213.0.')
      .replaceAll(network6, 'fd00:213:0::')
      .replaceAll(/\bterm (\d+)/g, (_, term: string) => `term ${Number(term) + termOffset}`)
      .replaceAll(/\b\d+(\.\d+)? (ms|s)\b/g, (_, _fraction: string | undefined, unit: string) => unit === 's' ? '2 s' : '200 ms')
      .replaceAll(/\b(process|pid) \d+/g, '$1 4711')
      .replaceAll(/(is not reachable for 2 s|does not report) \((?:[^()]|\([^()]*\))*\)/g, '$1 (silent)')
      .replaceAll(/, 1 heartbeats? behind/g, ', in step')
      .replaceAll(/\b\d+ heartbeats behind/g, `${LAG_SHOWN} heartbeats behind`)
      .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, INSTANT)
    return swapped ? swap(levelled) : levelled
  }
  const levelValue = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return words(value)
    if (typeof value === 'number') return levelNumber(value, key, termOffset)
    if (Array.isArray(value)) return value.map(item => levelValue(item, key))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, levelValue(item, name)]))
  }
  const levelled = levelValue(view, '') as ClusterView
  // which failovers still count, and which rescues nobody has seen, depends on the scenarios before
  return { ...levelled, recoveries: { ...levelled.recoveries, open: [] }, nodes: levelled.nodes.toSorted((x, y) => x.name < y.name ? -1 : 1).map(node => ({ ...node, rescues: null })) }
}

/** Either of two equal backups may be taken: the page calls the one that was taken b. */
function swap (text: string): string {
  const other: Record<string, string> = { b: 'c', c: 'b', '.2': '.3', '.3': '.2' }
  return text.replaceAll(/(?<![\w.-])[bc](?![\w-])/g, name => other[name] ?? name).replaceAll(/(?<=10\.213\.0)\.[23]\b/g, part => other[part] ?? part)
}

function levelNumber (value: number, key: string, termOffset: number): number {
  if (key === 'term') return value === 0 ? 0 : value + termOffset
  if (key === 'lagHeartbeats') return value <= 1 ? 0 : LAG_SHOWN
  if (key === 'pid') return 4711
  return key.endsWith('Ms') ? Math.min(value, 200) : value
}
