// A client of the database as the demo shows it: writes rows through the virtual address one at a time, remembers which
// were acknowledged, and dials again at once when it loses its connection. It ends with its standard input.
import { createInterface } from 'node:readline'
import { connectOvsdb, type Operation, type OvsdbClient } from '../../agent/ovsdb/client.ts'
import type { WriterCommand, WriterLine, WriterTask, WriterVerdict } from './writer-line.ts'

/** A dial that is not answered, as while the address moves, is given up and tried anew: TCP itself would wait a second. */
const CONNECT_TIMEOUT_MS = 40
const REPLY_TIMEOUT_MS = 200
const VERIFY_TIMEOUT_MS = 5_000
/** How often it looks whether there is something to do; also the pause before it dials again. */
const TICK_MS = 2
const REPORT_EVERY_MS = 100
const MISSING_NAMES_MAX = 5

const task = JSON.parse(process.argv[2] ?? '') as WriterTask
const tell = (line: WriterLine) => { process.stdout.write(`${JSON.stringify(line)}\n`) }

/** Acknowledged rows by their names, oldest first, with their identifiers. */
const rows = new Map<string, readonly [string, string]>()
let client: OvsdbClient | null = null
let nextNumber = 1
let nextWriteAtMs = 0
let ackedWrites = 0
let lastAckMs = performance.now()
let longestOutageMs = 0
let failedTries = 0
let verifying = false
let busy = false

async function connected (): Promise<OvsdbClient> {
  if (client !== null) return client
  const opened = await connectOvsdb({
    target: { method: 'tcp', host: task.address, port: task.port }, connectTimeoutMs: CONNECT_TIMEOUT_MS, callTimeoutMs: REPLY_TIMEOUT_MS
  })
  opened.onClose(() => { if (client === opened) client = null })
  client = opened
  return opened
}

/** A name is used once: a row whose write was not answered may be there or not, and counts neither way. */
async function write (): Promise<void> {
  const server = await connected()
  const name = `demo-${task.run}-${nextNumber++}`
  const [oldest] = rows.size >= task.rowsMax ? rows : []
  const operations: Operation[] = [{ op: 'insert', table: task.table, row: { name } }]
  if (oldest !== undefined) {
    rows.delete(oldest[0])
    operations.push({ op: 'delete', table: task.table, where: [['_uuid', '==', oldest[1]]] })
  }
  nextWriteAtMs = performance.now() + task.writeEveryMs
  const [inserted] = await server.transact(task.database, operations)
  const nowMs = performance.now()
  if (ackedWrites > 0) longestOutageMs = Math.max(longestOutageMs, nowMs - lastAckMs)
  lastAckMs = nowMs
  ackedWrites++
  rows.set(name, inserted!.uuid!)
}

async function verify (): Promise<WriterVerdict> {
  const server = await connected()
  const [found] = await server.transact(task.database, [{ op: 'select', table: task.table, where: [], columns: ['name'] }], VERIFY_TIMEOUT_MS)
  const there = new Set(found!.rows!.map(row => row.name))
  const missing = [...rows.keys()].filter(name => !there.has(name))
  return { type: 'verdict', ackedRows: rows.size, foundRows: rows.size - missing.length, missing: missing.slice(0, MISSING_NAMES_MAX), missingRows: missing.length }
}

/** One thing at a time; a failure of any kind costs the connection, and the next tick dials. */
async function tick (): Promise<void> {
  if (busy || (!verifying && performance.now() < nextWriteAtMs)) return
  busy = true
  try {
    if (verifying) {
      tell(await verify())
      verifying = false
    } else {
      await write()
    }
  } catch {
    failedTries++ // why does not matter here: the way on is the same
    client?.destroy()
    client = null
    nextWriteAtMs = 0
  }
  busy = false
}

function report (): void {
  tell({ type: 'state', ackedWrites, longestOutageMs, failedTries, silentMs: performance.now() - lastAckMs })
}

const commands: Readonly<Record<WriterCommand, () => void>> = {
  mark: () => {
    longestOutageMs = 0
    failedTries = 0
  },
  verify: () => { verifying = true }
}

// the parent's end, however it came, is this one's end
createInterface({ input: process.stdin }).on('line', line => commands[line as WriterCommand]()).on('close', () => process.exit(0))
process.stdout.on('error', () => process.exit(0))
setInterval(() => { tick().catch((error: unknown) => { throw error }) }, TICK_MS)
setInterval(report, REPORT_EVERY_MS)
