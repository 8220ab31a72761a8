import { MARKER_KEY } from './marker.ts'

/** A column's value without a marker of ours; any other value as it is. */
export function withoutMarker (value: unknown): unknown {
  if (!Array.isArray(value) || value[0] !== 'map' || !Array.isArray(value[1])) return value
  return ['map', (value[1] as unknown[]).filter(pair => !isMarker(pair))]
}

export function isMarker (pair: unknown): boolean {
  return Array.isArray(pair) && pair[0] === MARKER_KEY
}
