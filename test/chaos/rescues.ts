// Nodes keep a limited number of rescues, and a long campaign makes more: every one is copied aside as soon as it is seen.
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { CLUSTER_NAME } from '../testbed/cluster-file.ts'
import { dataHostsOf, type TestbedPlan } from '../testbed/plan.ts'
import { rowsInFile } from './clients.ts'

const SUFFIX = '.rescue.db'
/** A copy of what another node has, kept against a crash only: nothing in it is needed. */
const ROUTINE = '.routine.rescue.db'

export interface RescueShelf {
  /** Copies what is new; resolves to how many rescues there were in all. */
  readonly collect: () => Promise<number>
  /** Which of the rows are in a rescue of this database. */
  readonly find: (database: string, rows: ReadonlySet<string>) => Promise<ReadonlySet<string>>
}

export async function createRescueShelf (plan: TestbedPlan): Promise<RescueShelf> {
  const shelf = `${plan.directory}/chaos-rescues`
  await mkdir(shelf, { recursive: true })
  const kept = new Set<string>()
  return {
    collect: async () => {
      for (const host of dataHostsOf(plan)) {
        const directory = `${host.directory}/lib/${CLUSTER_NAME}/rescue`
        const names = await readdir(directory).catch(whenMissing([]))
        for (const name of names.filter(name => name.endsWith(SUFFIX) && !name.endsWith(ROUTINE) && !kept.has(name))) {
          // pruned in the meantime: the product told so, and its rows are gone
          const copied = await copyFile(`${directory}/${name}`, `${shelf}/${name}`).then(() => true, whenMissing(false))
          if (copied) kept.add(name)
        }
      }
      return kept.size
    },
    find: async (database, rows) => {
      const found = new Set<string>()
      for (const name of kept) {
        if (found.size === rows.size) break
        if (!name.includes(`-${database}-`)) continue
        for (const row of await rowsInFile(`${shelf}/${name}`, database)) if (rows.has(row)) found.add(row)
      }
      return found
    }
  }
}

function whenMissing<T> (instead: T): (error: NodeJS.ErrnoException) => T {
  return error => {
    if (error.code === 'ENOENT') return instead
    throw error
  }
}
