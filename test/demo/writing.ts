import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { SERVERS } from '../testbed/cluster-file.ts'
import { TestbedError } from '../testbed/command.ts'
import { namespacePath } from '../testbed/network.ts'
import { hostOf, type TestbedPlan } from '../testbed/plan.ts'
import type { WriterCommand, WriterLine, WriterState, WriterTask, WriterVerdict } from './writer-line.ts'

export const WRITER_TABLE = 'Address_Set'
export const WRITES_PER_SECOND = 200
const ROWS_MAX = 20_000

export interface Writing {
  /** What it said last, at most a tenth of a second ago. Throws when the writer is gone. */
  readonly state: () => WriterState
  /** Outages count from here on. */
  readonly mark: () => void
  /** Asks for a verdict; `verdict` has it when it is there. */
  readonly verify: () => void
  readonly verdict: () => WriterVerdict | null
  readonly end: () => void
}

/** Starts the writer in the client's namespace, out of reach of a Ctrl-C: it ends when this process does. */
export function startWriting (plan: TestbedPlan): Writing {
  const [server] = SERVERS
  const task: WriterTask = {
    address: plan.vip,
    port: server.port,
    database: server.database,
    table: WRITER_TABLE,
    run: randomBytes(4).toString('hex'),
    writeEveryMs: 1_000 / WRITES_PER_SECOND,
    rowsMax: ROWS_MAX
  }
  const child = spawn('nsenter', [
    `--net=${namespacePath(hostOf(plan, 'client').namespace)}`, process.execPath, path.join(import.meta.dirname, 'writer.ts'), JSON.stringify(task)
  ], { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } })
  let state: WriterState = { type: 'state', ackedWrites: 0, longestOutageMs: 0, failedTries: 0, silentMs: 0 }
  let verdict: WriterVerdict | null = null
  let stderr = ''
  let lost: string | null = null
  child.on('error', error => { lost = `the writer did not start: ${error.message}` })
  child.on('exit', (code, signalName) => { lost ??= `the writer ended with ${code ?? signalName}: ${stderr}` })
  child.stdin.on('error', error => { lost ??= `the writer does not listen: ${error.message}` })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr = (stderr + text).slice(-2_000) })
  createInterface({ input: child.stdout }).on('line', text => {
    const line = JSON.parse(text) as WriterLine
    if (line.type === 'state') state = line
    else verdict = line
  })
  const tell = (command: WriterCommand) => { child.stdin.write(`${command}\n`) }
  return {
    state: () => {
      if (lost !== null) throw new TestbedError(lost)
      return state
    },
    mark: () => tell('mark'),
    verify: () => {
      verdict = null
      tell('verify')
    },
    verdict: () => verdict,
    end: () => { child.stdin.end() }
  }
}
