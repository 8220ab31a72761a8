// A real Prometheus over a testbed: it scrapes every agent and controller each second and evaluates the alerts that we ship.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { execa } from 'execa'
import { stringify } from 'yaml'
import { AGENT_PORT, CONTROLLER_PORT } from '../testbed/cluster-file.ts'
import { controllersOf, nodesOf, type TestbedPlan } from '../testbed/plan.ts'
import { poll } from '../testbed/wait.ts'
import { alertRules } from '../deploy/queries.ts'

const PORT = 9_090
const READY_DEADLINE_MS = 60_000
const ASK_TIMEOUT_MS = 10_000
const STOP_TIMEOUT_MS = 15_000
/** An alert waits minutes at most where a test waits seconds; all else of it is as we ship it. */
const SHORT_FOR = '2s'

export interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

export interface PrometheusUnderTest {
  readonly query: (expr: string) => Promise<readonly Sample[]>
  /** Names of the alerts that fire now, with their labels. */
  readonly firing: () => Promise<ReadonlyArray<Readonly<Record<string, string>>>>
  /** Scraped without an error, by address. */
  readonly healthyTargets: () => Promise<readonly string[]>
  readonly stop: () => Promise<void>
}

/** It listens on the bridge of the testbed, where every host can be reached, and lives in the testbed's own directory. */
export async function startPrometheus (plan: TestbedPlan): Promise<PrometheusUnderTest> {
  const directory = path.join(plan.directory, 'prometheus')
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  const rules = (await alertRules()).map(rule => rule.for === undefined ? rule : { ...rule, for: SHORT_FOR })
  await writeFile(path.join(directory, 'rules.yaml'), stringify({ groups: [{ name: 'ovsdb-ha', rules }] }))
  await writeFile(path.join(directory, 'prometheus.yaml'), stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yaml'],
    scrape_configs: [
      { job_name: 'controllers', static_configs: [{ targets: controllersOf(plan).map(({ address }) => `${address}:${CONTROLLER_PORT}`) }] },
      { job_name: 'agents', static_configs: [{ targets: nodesOf(plan).map(({ address }) => `${address}:${AGENT_PORT}`) }] }
    ]
  }))
  const process = execa('prometheus', [`--config.file=${directory}/prometheus.yaml`, `--storage.tsdb.path=${directory}/data`, `--web.listen-address=${plan.bridgeAddress}:${PORT}`], { stdin: 'ignore', reject: false, all: true, maxBuffer: 10_000_000, cleanup: true, forceKillAfterDelay: STOP_TIMEOUT_MS })
  const url = `http://${plan.bridgeAddress}:${PORT}`
  const get = async (where: string): Promise<unknown> => {
    const answer = await fetch(`${url}${where}`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) })
    if (!answer.ok) throw new Error(`${where}: ${answer.status} ${await answer.text()}`)
    return ((await answer.json()) as { readonly data: unknown }).data
  }
  const ready = () => fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) }).then(({ ok }) => ok, () => false)
  try {
    await poll(async () => await ready() ? true : null, { deadlineMs: READY_DEADLINE_MS, everyMs: 200, what: 'Prometheus to be ready' })
  } catch (cause) {
    process.kill('SIGKILL')
    throw new Error(`Prometheus did not come up: ${(await process).all ?? ''}`, { cause })
  }
  return {
    async query (expr) {
      const { result } = await get(`/api/v1/query?query=${encodeURIComponent(expr)}`) as { readonly result: ReadonlyArray<{ readonly metric: Sample['metric'], readonly value: readonly [number, string] }> }
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
    },
    async firing () {
      const { alerts } = await get('/api/v1/alerts') as { readonly alerts: ReadonlyArray<{ readonly state: string, readonly labels: Readonly<Record<string, string>> }> }
      return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels)
    },
    async healthyTargets () {
      const { activeTargets } = await get('/api/v1/targets?state=active') as { readonly activeTargets: ReadonlyArray<{ readonly health: string, readonly labels: { readonly instance: string } }> }
      return activeTargets.filter(({ health }) => health === 'up').map(({ labels }) => labels.instance)
    },
    async stop () {
      process.kill('SIGTERM')
      await process
    }
  }
}
