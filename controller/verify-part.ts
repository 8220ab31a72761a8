// One database of one backup against the active: a first look at everything, and as many more at what differed as it takes
// to tell what lasts from what was on its way.
import type { Suspect, TableVerdict, VerifiedPart } from '../protocol/verify.ts'
import type { MaintenanceLink } from './link/agent-link.ts'

export interface PartToVerify {
  readonly server: string
  readonly active: string
  readonly term: number
  readonly digests: boolean
  readonly deadlineMs: number
  readonly backupLink: Pick<MaintenanceLink, 'compare' | 'recheck'>
  readonly activeLink: Pick<MaintenanceLink, 'mark'>
}

export type PartVerdict = Pick<VerifiedPart, 'state' | 'problem' | 'tables' | 'longestReadMs'>

/** Rows that the active goes on changing are looked at so often. */
const LOOKS_MAX = 4

/** Rejects when a node could not be read, or is not what it was when it began. */
export async function verifyPart (part: PartToVerify): Promise<PartVerdict> {
  const { server, active, digests, deadlineMs, backupLink } = part
  const first = await backupLink.compare({ server, active, digests, deadlineMs })
  const { lasting, moving, problem } = await lookAgain(part, first.suspects)
  const tables = first.tables.map((table): TableVerdict => ({ ...table, lastingRows: lasting.filter(one => one.table === table.table).length }))
  const common = { tables, longestReadMs: first.longestReadMs }
  if (lasting.length > 0) return { ...common, state: 'differs', problem: null }
  if (problem !== null) return { ...common, state: 'unsettled', problem }
  const unseen = tables.filter(({ table, lackingRows, changedRows, surplusRows }) => lackingRows + changedRows + surplusRows > first.suspects.filter(one => one.table === table).length)
  if (unseen.length > 0) return { ...common, state: 'unsettled', problem: `more rows of ${list(unseen.map(({ table }) => table))} differed than were looked at again; those that were had merely not arrived` }
  if (moving.length > 0) return { ...common, state: 'unsettled', problem: `${moving.length} rows of ${list(moving.map(({ table }) => table))} were changed by the active at every look` }
  return { ...common, state: 'same', problem: null }
}

interface Looked {
  readonly lasting: readonly Suspect[]
  readonly moving: readonly Suspect[]
  /** Why nothing could be told of what is left. */
  readonly problem: string | null
}

/** Each look is behind a marker that the active wrote after the look before. Nothing is written where nothing differs. */
async function lookAgain ({ server, active, term, deadlineMs, backupLink, activeLink }: PartToVerify, suspects: readonly Suspect[]): Promise<Looked> {
  const lasting: Suspect[] = []
  let moving = suspects
  for (let looks = 0; moving.length > 0 && looks < LOOKS_MAX; looks++) {
    try {
      const { marker } = await activeLink.mark({ server, term, deadlineMs })
      const found = await backupLink.recheck({ server, active, marker, suspects: [...moving], deadlineMs })
      lasting.push(...found.lasting)
      moving = found.moving
    } catch (error) {
      return { lasting, moving, problem: `${moving.length} rows differed, and whether they were on their way could not be told: ${(error as Error).message}` }
    }
  }
  return { lasting, moving, problem: null }
}

function list (names: readonly string[]): string {
  return [...new Set(names)].join(', ')
}
