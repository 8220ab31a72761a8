// Nodes keep a limited number of rescues, and a long campaign makes more: every one is copied aside as soon as it is seen.
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { CLUSTER_NAME } from '../testbed/cluster-file.ts'
import { TestbedError } from '../testbed/command.ts'
import { dataHostsOf, type TestbedPlan } from '../testbed/plan.ts'
import { unpacked } from '../testbed/unpacked.ts'
import { rowsInFile } from './clients.ts'
import type { AckedRow } from './judgement.ts'

const SUFFIX = '.rescue.db.gz'

/** Rows, and the nodes that keep each of them. */
export type Rescued = ReadonlyMap<string, ReadonlySet<string>>

export interface RescueShelf {
  /** Copies what is new. */
  readonly collect: () => Promise<void>
  /** Which of the rows are in a rescue of this database. */
  readonly find: (database: string, rows: readonly AckedRow[]) => Promise<Rescued>
}

interface Rescue {
  readonly name: string
  readonly database: string
  readonly node: string
  readonly takenMs: number
}

/** As agent/ovsdb/rescue-files.ts names them: CLUSTER-SERVER-DATABASE-NODE-TIME, the time without colons and dots. */
const NAME = /^[^-]+-[^-]+-([^-]+)-([^-]+)-(\d{4}-\d\d-\d\dT)(\d\d)(\d\d)(\d\d)(\d{3})Z/

export async function createRescueShelf (plan: TestbedPlan): Promise<RescueShelf> {
  const shelf = `${plan.directory}/chaos-rescues`
  await mkdir(shelf, { recursive: true })
  const kept = new Map<string, Rescue>()
  return {
    collect: async () => {
      for (const host of dataHostsOf(plan)) {
        const directory = `${host.directory}/lib/${CLUSTER_NAME}/rescue`
        const names = await readdir(directory).catch(whenMissing([]))
        for (const name of names.filter(name => name.endsWith(SUFFIX) && !kept.has(name))) {
          // pruned in the meantime: the product told so, and its rows are gone
          const copied = await copyFile(`${directory}/${name}`, `${shelf}/${name}`).then(() => true, whenMissing(false))
          if (copied) kept.set(name, rescueOf(name))
        }
      }
    },
    find: async (database, rows) => {
      const found = new Map<string, Set<string>>()
      const firstMs = Math.min(...rows.map(({ atMs }) => atMs))
      const wanted = new Set(rows.map(({ row }) => row))
      // what was taken before the first of them was acknowledged has none of them
      for (const { name, node } of [...kept.values()].filter(rescue => rescue.database === database && rescue.takenMs >= firstMs)) {
        for (const row of await unpacked(`${shelf}/${name}`, file => rowsInFile(file, database))) {
          if (wanted.has(row)) found.set(row, (found.get(row) ?? new Set()).add(node))
        }
      }
      return found
    }
  }
}

function rescueOf (name: string): Rescue {
  const [, database, node, day, hours, minutes, seconds, millis] = NAME.exec(name) ?? []
  if (database === undefined || node === undefined) throw new TestbedError(`${name} is no name of a rescue`)
  return { name, database, node, takenMs: Date.parse(`${day}${hours}:${minutes}:${seconds}.${millis}Z`) }
}

function whenMissing<T> (instead: T): (error: NodeJS.ErrnoException) => T {
  return error => {
    if (error.code === 'ENOENT') return instead
    throw error
  }
}
