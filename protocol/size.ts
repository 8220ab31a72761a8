// Sizes as people write them (`512MiB`, `1.5GiB`) and as code holds them (whole bytes). Binary units only, so that no
// reader has to guess whether a G is 1000 or 1024 of the next smaller.

export const SIZE_PATTERN = '^[0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB|TiB)$'
const UNIT_BYTES = { B: 1, KiB: 1_024, MiB: 1_024 ** 2, GiB: 1_024 ** 3, TiB: 1_024 ** 4 } as const

/** Bytes, or undefined when the text is no size or is no whole number of bytes. */
export function parseSizeBytes (text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|TiB)$/.exec(text) ?? []
  if (number === undefined || unit === undefined) return undefined
  const sizeBytes = Number(number) * UNIT_BYTES[unit as keyof typeof UNIT_BYTES]
  return Number.isSafeInteger(sizeBytes) ? sizeBytes : undefined
}
