import type { DatabaseCheck, UpgradeCheck, UpgradeStep, UpgradeView } from '../../protocol/upgrade.ts'
import type { Paint } from './style.ts'
import { table } from './table.ts'
import { paragraph } from './wrap.ts'

const SERVERS = [
  { title: 'NODE', columnsMax: 20 },
  { title: 'SERVER', columnsMax: 12 },
  { title: 'RUNS', columnsMax: 12 },
  { title: 'RESTART BRINGS', columnsMax: 16 },
  { title: 'SCHEMAS', columnsMax: 60 }
] as const

/** Where a planned restart stands, step by step. */
export function renderUpgrade ({ upgrade }: UpgradeView, paint: Paint): readonly string[] {
  if (upgrade === null) return ['no restart of all servers was ever ordered']
  const { id, by, reason, converts, stage, why, waitsFor, steps } = upgrade
  return [
    `restart of all servers, ordered by ${by} at ${id}${reason === '' ? '' : ` (${reason})`}${converts.length === 0 ? '' : `, with a conversion of ${converts.join(' and ')}`}: ${stage === 'stopped' ? paint('bad', 'STOPPED') : stage}`,
    ...(why === null ? [] : paragraph(`stopped: ${why}`, '  ')),
    ...(waitsFor === null ? [] : paragraph(`waits: ${waitsFor}`, '  ')),
    ...steps.map(step => `  ${step.state.padEnd(8)}${inWords(step)}`)
  ]
}

/** What runs where, what fits to what, and what would be done. */
export function renderCheck ({ nodes, mismatches, steps, refusals, notes }: UpgradeCheck, paint: Paint): readonly string[] {
  const rows = nodes.flatMap(({ node, active, problem, servers }) => problem === null
    ? servers.map(({ server, version, installed, databases }) => [
      { text: active ? `${node} (active)` : node }, { text: server }, { text: version ?? 'unknown' }, { text: installed ?? 'unknown' }, { text: databases.map(schemaOf).join(', ') }
    ])
    : [[{ text: node }, { text: '' }, { text: '' }, { text: '' }, { text: problem, tone: 'bad' as const }]])
  return [
    ...table(SERVERS, rows, paint),
    ...mismatches.flatMap(({ database, from, to, differences }) => [`${database}: ${to} could not follow ${from}:`, ...differences.flatMap(text => paragraph(text, '    '))]),
    ...notes.flatMap(note => paragraph(`note: ${note}`, '', '  ')),
    'upgrade run would:',
    ...steps.map((step, at) => `  ${at + 1}. ${inWords(step)}`),
    ...(refusals.length === 0 ? ['and could begin now'] : [paint('bad', 'and WOULD BE REFUSED now:'), ...refusals.flatMap(({ why, help }) => paragraph(`${why}. ${help}`, '  '))])
  ]
}

function inWords ({ action, node }: UpgradeStep): string {
  if (action === 'convert') return `convert the databases of ${node} while it serves`
  return action === 'restart' ? `restart the servers of ${node}, and wait until it follows, whole` : `move the service away from ${node}`
}

function schemaOf ({ database, version, checksum, digest }: DatabaseCheck): string {
  return `${database} ${version ?? '?'} (${checksum ?? digest})`
}
