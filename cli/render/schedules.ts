import type { LastRun, ScheduleView, SchedulesView } from '../../protocol/schedule.ts'
import type { Paint, Tone } from './style.ts'
import { table, type Cell } from './table.ts'
import { duration, instant } from './time.ts'

const COLUMNS = [
  { title: 'JOB', columnsMax: 10 },
  { title: 'CRON', columnsMax: 20 },
  { title: 'NEXT', columnsMax: 23 },
  { title: 'NOW', columnsMax: 8 },
  { title: 'LAST', columnsMax: 60 }
] as const

const TONES: Record<LastRun['outcome'], Tone> = { done: 'good', failed: 'bad', missed: 'warning' }

/** One row per job; the schedules are meant in `timezone`, and every time is told in UTC. */
export function renderSchedules ({ timezone, schedules }: SchedulesView, paint: Paint): readonly string[] {
  const rows = schedules.map(({ job, cron, next, waiting, running, last }): readonly Cell[] => [
    { text: job, tone: 'strong' },
    { text: cron ?? 'none' },
    { text: next === null ? '-' : instant(next) },
    { text: nowOf(waiting, running) },
    last === null ? { text: '-' } : { text: lastInWords(last), tone: TONES[last.outcome] }
  ])
  return [...table(COLUMNS, rows, paint), ...(timezone === 'UTC' ? [] : [`cron is meant in ${timezone}`])]
}

function nowOf (waiting: ScheduleView['waiting'], running: ScheduleView['running']): string {
  if (running !== null) return 'runs'
  return waiting === null ? '-' : 'waits'
}

export function lastInWords ({ at, by, outcome, message, durationMs }: LastRun): string {
  return `${outcome}, ${instant(at)}${by === null ? '' : `, by ${by}`}${durationMs === null ? '' : `, ${duration(durationMs)}`}: ${message}`
}
