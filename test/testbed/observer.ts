// The outside observer: tells whether two hosts accepted writes through an endpoint at one instant, and never asks the
// product. One small process per data host tries to write (observer-host.ts); here their tries become tenures.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { certificatePaths, SERVERS, vipAddresses } from './cluster-file.ts'
import { TestbedError } from './command.ts'
import { namespacePath } from './network.ts'
import { type ObserverLine, type ObserverTarget, type ObserverTask } from './observer-line.ts'
import { type ResolvedOptions } from './options.ts'
import { addAttempt, conflictsOf, type Conflict, type Tenure } from './overlap.ts'
import { dataHostsOf, type TestbedPlan } from './plan.ts'

const TABLES = { nb: 'Address_Set', sb: 'Address_Set' } as const
const STOP_DEADLINE_MS = 20_000

export interface ObserverReport {
  /** Accepted writes. Without any, the absence of conflicts says nothing. */
  readonly accepted: number
  readonly tenures: readonly Tenure[]
  readonly conflicts: readonly Conflict[]
  /** The longest time that a host's part did not get the processor. */
  readonly blindMs: number
  /** What made tries fail, by host, each spell counted once. */
  readonly failures: Readonly<Record<string, Readonly<Record<string, number>>>>
}

export interface Observer {
  /** What was seen until now. */
  report: () => ObserverReport
  /** The host that accepted a write last; null before the first. */
  lastServing: () => string | null
  stop: () => Promise<ObserverReport>
}

/** Resolves when every host's part has reported its first try. */
export async function startObserver (plan: TestbedPlan, options: ResolvedOptions, { everyMs = 10 }: { everyMs?: number } = {}): Promise<Observer> {
  // behind load balancers clients come to the node's own address
  const targetsOn = (own: string) => (options.balancers ? [own] : vipAddresses(plan, options)).flatMap(address => SERVERS.map((server): ObserverTarget => (
    { name: `${server.name} ${options.balancers ? 'own' : address}`, address, port: server.port, database: server.database, table: TABLES[server.name] }
  )))
  const taskOn = (own: string): ObserverTask => ({ targets: targetsOn(own), everyMs, tls: options.ssl ? certificatePaths(plan, 'client') : null })
  const record = createRecord(targetsOn(''))
  const children = dataHostsOf(plan).map(host => ({ host: host.name, child: startPart(host.namespace, taskOn(host.address)) }))
  let stopping = false
  let lost: string | null = null
  const began = children.map(async ({ host, child }) => {
    let stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => { stderr = (stderr + text).slice(-2_000) })
    child.on('exit', code => { if (!stopping) lost = `the observer's part on ${host} ended with ${code}: ${stderr}` })
    const lines = createInterface({ input: child.stdout! })
    lines.on('line', line => record.add(host, JSON.parse(line) as ObserverLine))
    await Promise.race([once(lines, 'line', { signal: AbortSignal.timeout(STOP_DEADLINE_MS) }), once(child, 'exit')])
  })
  await Promise.all(began)
  const check = (): ObserverReport => {
    if (lost !== null) throw new TestbedError(lost)
    return record.report()
  }
  return {
    report: check,
    lastServing: record.lastServing,
    stop: async () => {
      stopping = true
      await Promise.all(children.map(async ({ child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const closed = once(child, 'close', { signal: AbortSignal.timeout(STOP_DEADLINE_MS) })
        child.stdin?.end()
        await closed
      }))
      return check()
    }
  }
}

function startPart (namespace: string, task: ObserverTask): ChildProcess {
  return spawn('nsenter', [
    `--net=${namespacePath(namespace)}`, process.execPath, path.join(import.meta.dirname, 'observer-host.ts'), JSON.stringify(task)
  ], { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: '/usr/bin:/bin' } })
}

function createRecord (targets: readonly ObserverTarget[]) {
  /** By host and target, so that an attempt extends the tenures of its own kind only. */
  const tenures = new Map<string, readonly Tenure[]>()
  const failures: Record<string, Record<string, number>> = {}
  let accepted = 0
  let lastServing: string | null = null
  let blindMs = 0
  return {
    add: (host: string, line: ObserverLine) => {
      if (line[0] === 'blind') {
        blindMs = Math.max(blindMs, line[2] - line[1])
        return
      }
      const [kind, index, startMs, endMs] = line
      const target = targets[index]?.name ?? String(index)
      const key = `${host} ${target}`
      tenures.set(key, addAttempt(tenures.get(key) ?? [], { host, target, startMs, endMs, accepted: kind === 'accepted' }))
      if (kind === 'accepted') {
        accepted++
        lastServing = host
      } else {
        const ofHost = failures[host] ??= {}
        ofHost[line[4]] = (ofHost[line[4]] ?? 0) + 1
      }
    },
    lastServing: () => lastServing,
    report: (): ObserverReport => {
      const all = [...tenures.values()].flat()
      return { accepted, tenures: all, conflicts: conflictsOf(all), blindMs, failures: structuredClone(failures) }
    }
  }
}
