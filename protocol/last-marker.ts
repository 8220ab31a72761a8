/**
 * Written behind the last write into a server that lives on when the term of its node ends because another server of the
 * unit died: whoever has it has every write that was acknowledged in that term. At most 64 characters.
 */
export function lastMarker (node: string, term: number): string {
  return `last-${term}-${node}`.slice(0, 64)
}
