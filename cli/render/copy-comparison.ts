import type { CopyComparison, CopyComparisons } from '../../protocol/copy-comparison.ts'
import { paragraph } from './wrap.ts'

/** The rows that would be lost, per table, of each copy that could be read; what could not be read is said. */
export function renderComparisons (compared: CopyComparisons | { readonly problem: string } | null): readonly string[] {
  if (compared === null) return []
  if ('problem' in compared) return ['', ...paragraph(`rows were not compared: ${compared.problem}`, '  ', '    ')]
  return ['', ...compared.sources.flatMap(({ source, problem, databases }) => [
    ...paragraph(`compared with the copy of ${source}:${problem === null ? '' : ` not known, ${problem}`}`, '  ', '    '),
    ...databases.flatMap(database => databaseInWords(compared.to, database).flatMap(line => paragraph(line, '    ', '      ')))
  ])]
}

function databaseInWords (to: string, { database, problem, tables }: CopyComparison['databases'][number]): readonly string[] {
  if (problem !== null) return [`${database}: not known, it could not be read: ${problem}`]
  if (tables.length === 0) return [`${database}: no row differs`]
  return tables.map(({ table, missingRows, changedRows, extraRows }) => `${database} ${table}: ${missingRows} rows would be lost, ${changedRows} have other values, ${extraRows} are only on ${to}`)
}
