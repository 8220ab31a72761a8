// Timing that cannot work, or would take a healthy node for a lost one.
import type { TimingConfig } from './cluster.ts'
import type { Path } from './config-errors.ts'
import type { Findings } from './config-findings.ts'
import type { Draft } from './config-resolve.ts'
import { formatDurationMs } from './duration.ts'

type Timing = Draft<TimingConfig>

interface Rule {
  readonly key: string
  readonly valueMs: number | undefined
  readonly limitMs: number | undefined
  /** The value must be at least, or at most, the limit. */
  readonly bound: 'least' | 'most'
  readonly limitText: string
  readonly why: string
}

export function checkTiming (findings: Findings, timing: Timing, path: Path): void {
  for (const { key, valueMs, limitMs, bound, limitText, why } of rulesOf(timing)) {
    if (valueMs === undefined || limitMs === undefined) continue
    if (bound === 'least' ? valueMs >= limitMs : valueMs <= limitMs) continue
    const byDefault = findings.written([...path, key]) === undefined ? ' (its default)' : ''
    findings.problem([...path, key], `${formatDurationMs(valueMs)}${byDefault} must be at ${bound} ${limitText}: ${why}`,
      { value: formatDurationMs(valueMs), allowed: `at ${bound} ${formatDurationMs(limitMs)}` })
  }
}

function rulesOf (timing: Timing): readonly Rule[] {
  const { leaseMs, renewEveryMs, reportEveryMs, suspectAfterMs, probeEveryMs, hungAfterMs, busyAfterMs, promoteDeadlineMs, commandTimeoutMs, endpointLingerMs } = timing
  const text = (valueMs: number | undefined) => formatDurationMs(valueMs ?? 0)
  return [
    { key: 'renewEvery', valueMs: renewEveryMs, limitMs: leaseMs && Math.floor(leaseMs / 3), bound: 'most', limitText: `a third of lease (${text(leaseMs)})`, why: 'two lost renewals in a row must not end the lease' },
    { key: 'suspectAfter', valueMs: suspectAfterMs, limitMs: reportEveryMs && 2 * reportEveryMs, bound: 'least', limitText: `twice reportEvery (${text(reportEveryMs)})`, why: 'one late report must not make a node suspect' },
    { key: 'suspectAfter', valueMs: suspectAfterMs, limitMs: renewEveryMs, bound: 'least', limitText: `renewEvery (${text(renewEveryMs)})`, why: 'voters learn only by the next renewal whether the node still lives' },
    { key: 'hungAfter', valueMs: hungAfterMs, limitMs: busyAfterMs, bound: 'most', limitText: `busyAfter (${text(busyAfterMs)})`, why: 'a server that makes progress must not be given up before one that makes none' },
    { key: 'hungAfter', valueMs: hungAfterMs, limitMs: probeEveryMs, bound: 'least', limitText: `probeEvery (${text(probeEveryMs)})`, why: 'between two probes nothing is known' },
    { key: 'promoteDeadline', valueMs: promoteDeadlineMs, limitMs: commandTimeoutMs, bound: 'least', limitText: `commandTimeout (${text(commandTimeoutMs)})`, why: 'a promotion is made of such commands' },
    { key: 'endpointLinger', valueMs: endpointLingerMs, limitMs: leaseMs, bound: 'most', limitText: `lease (${text(leaseMs)})`, why: 'an address without a service must not stay longer than a failover takes' }
  ]
}
