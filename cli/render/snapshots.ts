import type { ClusterSnapshots, Snapshot } from '../../protocol/snapshot.ts'
import type { Paint } from './style.ts'
import { table } from './table.ts'

const COLUMNS = [
  { title: 'ID', columnsMax: 50 },
  { title: 'FROM', columnsMax: 6 },
  { title: 'ROWS', align: 'right', columnsMax: 10 },
  { title: 'SIZE', align: 'right', columnsMax: 10 },
  { title: 'BY', columnsMax: 40 }
] as const

/** What all nodes have; what could not be asked or read comes last. */
export function renderSnapshots ({ snapshots, problems }: ClusterSnapshots, paint: Paint): readonly string[] {
  const rows = snapshots.map(({ id, as, databases, actor, reason }) => [
    { text: id },
    { text: as },
    { text: String(databases.reduce((sum, one) => sum + one.rowEntries, 0)) },
    { text: inBytes(databases.reduce((sum, one) => sum + one.fileBytes, 0)) },
    { text: reason === '' ? actor : `${actor}: ${reason}` }
  ])
  return [
    ...(rows.length === 0 ? ['no snapshots'] : table(COLUMNS, rows, paint)),
    ...problems.map(problem => paint('bad', `not known: ${problem}`))
  ]
}

export function renderSnapshot ({ id, node, as, directory, databases }: Snapshot): readonly string[] {
  return [
    `${id}: from ${node} (${as}), read back whole`,
    ...databases.map(one => `  ${one.database} ${one.schemaVersion}: ${one.rowEntries} rows, ${inBytes(one.fileBytes)}`),
    `  in ${directory} on ${node}`
  ]
}

function inBytes (bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1_024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}
