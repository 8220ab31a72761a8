// Durations as people write them (`400ms`, `2s`, `1.5m`, `1h`) and as code holds them (whole milliseconds).

export const DURATION_PATTERN = '^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$'
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const

/** Milliseconds, or undefined when the text is no duration or would need a part of a millisecond. */
export function parseDurationMs (text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  if (number === undefined || unit === undefined) return undefined
  const exactMs = Number(number) * UNIT_MS[unit as keyof typeof UNIT_MS]
  // 0.1 s and the like are not exact in binary: round away that error only
  const wholeMs = Math.round(exactMs)
  return Number.isSafeInteger(wholeMs) && Math.abs(exactMs - wholeMs) < 1e-6 ? wholeMs : undefined
}

/** The shortest exact form: 90000 is `90s`, 120000 is `2m`, 1500 is `1500ms`. */
export function formatDurationMs (durationMs: number): string {
  if (durationMs === 0) return '0s'
  for (const unit of ['h', 'm', 's'] as const) {
    if (durationMs % UNIT_MS[unit] === 0) return `${durationMs / UNIT_MS[unit]}${unit}`
  }
  return `${durationMs}ms`
}
