// What is kept of a campaign that found something: the testbed itself is taken down.
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { HistoryEntry } from '../../protocol/api.ts'
import { clusterFilePath } from '../testbed/cluster-file.ts'
import { controllersOf, type TestbedPlan } from '../testbed/plan.ts'
import type { Blow } from './timeline.ts'

/** Resolves to the directory. */
export async function keepEvidence (plan: TestbedPlan, seed: number, { blows, entries }: { readonly blows: readonly Blow[], readonly entries: readonly HistoryEntry[] }): Promise<string> {
  const directory = path.join(tmpdir(), `ovsdb-ha-chaos-seed${seed}-${new Date().toISOString().replaceAll(/[:.]/g, '')}`)
  await mkdir(directory, { recursive: true })
  for (const host of plan.hosts.filter(({ kind }) => kind !== 'client')) {
    for (const part of ['log', 'lib']) {
      await cp(`${host.directory}/${part}`, `${directory}/${host.name}/${part}`, { recursive: true, filter: file => !file.endsWith('chaos-fill') })
    }
  }
  for (const controller of controllersOf(plan)) {
    const file = clusterFilePath(plan, controller)
    await cp(file, `${directory}/${path.basename(file)}`)
  }
  await writeFile(`${directory}/faults.json`, JSON.stringify(blows, null, 1))
  await writeFile(`${directory}/history.json`, JSON.stringify(entries, null, 1))
  return directory
}
