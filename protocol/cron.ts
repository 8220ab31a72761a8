// Whether the times of a schedule can ever come.
import { validateDetailed } from 'node-cron'

/** As node-cron names them, and as people do. */
const FIELDS: Readonly<Record<string, string>> = { minute: 'minute', hour: 'hour', dayOfMonth: 'day of the month', month: 'month', dayOfWeek: 'day of the week' }

/** Why this is no time that comes again and again, in words; null when it is one. */
export function cronProblem (expression: string): string | null {
  const fields = expression.trim().split(/\s+/)
  if (fields.length !== Object.keys(FIELDS).length) return `has ${fields.length} fields`
  const { valid, errors } = validateDetailed(expression)
  if (valid) return null
  if (errors.some(({ message }) => message.includes('impossible'))) return 'never comes'
  return errors.map(({ field, value }) => `${value} is no ${FIELDS[field] ?? field}`).join('; ')
}

export function isTimezone (name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
