// The controller that leads, as tests take it away: at a moment that they choose, and with what it knew then.
import { readFile } from 'node:fs/promises'
import type { ClusterView } from '../../protocol/api.ts'
import { controllerUrl } from '../testbed/cluster-file.ts'
import { leaderOf } from '../testbed/controllers-api.ts'
import { controllersOf, hostOf } from '../testbed/plan.ts'
import { findProcess, logFileOf, type ProcessName } from '../testbed/product.ts'
import { signal } from '../testbed/processes.ts'
import { type Testbed } from '../testbed/testbed.ts'
import { poll } from '../testbed/wait.ts'
import { DEADLINE_MS, type Scene } from './scenario.ts'

export interface ProcessHandle {
  /** At once: nothing is looked up before. */
  readonly send: (name: NodeJS.Signals) => void
}

export interface LeaderProcess extends ProcessHandle {
  readonly name: string
  /** What it wrote to its log so far, since it was found. */
  readonly log: () => Promise<readonly LogLine[]>
}

export interface LogLine { readonly time: string, readonly kind?: string, readonly msg: string }

/** For what must happen in one moment: to find a process takes a while on a busy machine. */
export async function grasp ({ plan }: Testbed, host: string, name: ProcessName): Promise<ProcessHandle> {
  const found = await findProcess(hostOf(plan, host), name)
  if (found === null) throw new Error(`no ${name} runs on ${host}`)
  return { send: signalName => signal(found.pid, signalName) }
}

export async function findLeader (testbed: Testbed, except: string | null = null): Promise<LeaderProcess> {
  const api = await testbed.api()
  return await poll(async () => {
    const name = await leaderOf(api)
    if (name === null || name === except) return null
    const linesBefore = (await logLines(testbed, name)).length
    return {
      ...await grasp(testbed, name, 'controller'),
      name,
      log: async () => (await logLines(testbed, name)).slice(linesBefore).flatMap(line => line.startsWith('{') ? [JSON.parse(line) as LogLine] : [])
    }
  }, { deadlineMs: DEADLINE_MS, everyMs: 100, what: 'a controller to lead' })
}

async function logLines ({ plan }: Testbed, name: string): Promise<readonly string[]> {
  return (await readFile(logFileOf(hostOf(plan, name)), 'utf8')).split('\n').filter(line => line !== '')
}

/** The addresses of the controllers that do not lead. */
export function followersOf ({ plan, options }: Testbed, leader: string): readonly string[] {
  return controllersOf(plan).filter(({ name }) => name !== leader).map(host => controllerUrl(options, host))
}

/** Kills the leader when its own view is as wanted; resolves to that view. */
export async function killLeaderWhen ({ view, t }: Scene, leader: LeaderProcess, what: string, condition: (view: ClusterView) => boolean): Promise<ClusterView> {
  const seen = await poll(async () => {
    const now = await view()
    return condition(now) ? now : null
  }, { deadlineMs: DEADLINE_MS, everyMs: 10, what: `the leader to be where it dies: ${what}` })
  leader.send('SIGKILL')
  t.diagnostic(`${leader.name} killed: ${what}`)
  return seen
}
