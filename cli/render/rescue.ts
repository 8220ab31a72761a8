import { findingInWords, type ClusterRescues, type RescueNote, type RescueView } from '../../protocol/rescue.ts'
import type { Paint, Tone } from './style.ts'
import { table, type Cell } from './table.ts'
import { instant } from './time.ts'
import { paragraph } from './wrap.ts'

/** One row per rescue, newest first; then the nodes that did not answer. */
export function renderRescues ({ nodes }: ClusterRescues, paint: Paint): readonly string[] {
  const all = nodes.flatMap(({ node, rescues }) => rescues.map(rescue => ({ node, rescue })))
    .toSorted((a, b) => (a.rescue.note?.takenAt ?? '') < (b.rescue.note?.takenAt ?? '') ? 1 : -1)
  return [
    ...(all.length === 0 ? ['no rescues'] : rescueTable(all, paint)),
    ...nodes.flatMap(({ node, problem }) => problem === null ? [] : paragraph(`${node} was not asked: ${problem}`, '', '  ').map(line => paint('bad', line)))
  ]
}

function rescueTable (all: ReadonlyArray<{ readonly rescue: RescueView }>, paint: Paint): readonly string[] {
  return table([
    { title: 'ID', columnsMax: 41 },
    { title: 'TAKEN', columnsMax: 23 },
    { title: 'SERVER', columnsMax: 12 },
    { title: 'SIZE', columnsMax: 10, align: 'right' },
    { title: 'STATE', columnsMax: 12 },
    { title: 'WHAT IT HOLDS', columnsMax: 100 }
  ], all.map(({ rescue: { id, bytes, note, problem } }): readonly Cell[] => [
    { text: id, tone: 'strong' },
    { text: note === null ? '?' : instant(note.takenAt) },
    { text: note?.server ?? '?' },
    { text: size(bytes) },
    stateOf(note),
    { text: note === null ? `unreadable: ${problem ?? ''}` : findingInWords(note.finding) }
  ]), paint)
}

/** What an operator has to do with it, in a word. */
function stateOf (note: RescueNote | null): { readonly text: string, readonly tone: Tone } {
  if (note === null) return { text: 'unreadable', tone: 'bad' }
  if (note.guard) return { text: 'guard', tone: 'quiet' }
  if (note.acknowledged === null) return { text: note.applied.length > 0 ? 'applied' : 'UNSEEN', tone: note.applied.length > 0 ? 'good' : 'warning' }
  return { text: note.applied.length > 0 ? 'applied' : 'acknowledged', tone: 'quiet' }
}

export function renderRescue ({ id, file, bytes, note, problem }: RescueView, paint: Paint): readonly string[] {
  if (note === null) return [paint('bad', `${id} cannot be read: ${problem ?? ''}`), ...paragraph(`file: ${file} (${size(bytes)})`, '  ')]
  const { text, tone } = stateOf(note)
  const { cluster, node, server, database, takenAt, reason, position, schemaVersion, finding, fileBytes, acknowledged, applied } = note
  const signed = (what: string, { at, by, reason: why }: { readonly at: string, readonly by: string, readonly reason: string }) => paragraph(`${what} ${instant(at)} by ${by}${why === '' ? '' : `: ${why}`}`, '  ', '    ')
  return [
    paint('strong', `${id}  ${cluster} ${server} (${database}) of ${node}, ${instant(takenAt)}  `) + paint(tone, text),
    ...paragraph(`why: ${reason}`, '  ', '    '),
    ...paragraph(`position: ${position === null ? 'unknown' : `heartbeat ${position.sequence} of term ${position.term}, written by ${position.writer}`}; schema ${schemaVersion ?? 'unknown'}`, '  ', '    '),
    ...paragraph(`file: ${file} on ${node} (${size(bytes)}, ${size(fileBytes)} unpacked)`, '  ', '    '),
    ...(acknowledged === null ? [] : signed('acknowledged', acknowledged)),
    ...applied.flatMap(one => signed(`${one.appliedRows} rows brought back`, one)),
    ...paragraph(`when it was taken: ${findingInWords(finding)}`, '  ', '    '),
    ...(finding.tables.length === 0 ? [] : ['', ...differenceTable(finding.tables, paint)])
  ]
}

export function differenceTable (tables: RescueNote['finding']['tables'], paint: Paint): readonly string[] {
  return table([
    { title: 'TABLE', columnsMax: 40 },
    { title: 'MISSING', columnsMax: 9, align: 'right' },
    { title: 'CHANGED', columnsMax: 9, align: 'right' },
    { title: 'EXTRA', columnsMax: 40 }
  ], tables.map(({ table: name, missingRows, changedRows, extraRows }) => [{ text: name }, { text: String(missingRows) }, { text: String(changedRows) }, { text: String(extraRows) }]), paint, '  ')
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** `812 B`, `1.4 MiB`. */
export function size (bytes: number): string {
  let [value, unit] = [bytes, 0]
  for (; value >= 1_024 && unit < UNITS.length - 1; unit++) value /= 1_024
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit] ?? 'B'}`
}
