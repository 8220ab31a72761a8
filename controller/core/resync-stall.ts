// What a full copy costs the clients of its source: an ovsdb-server has one thread, and answers nobody while it writes its
// database down for whoever copies. Measured: 45 to 50 ms for each megabyte, on 9 MB as on 90 MB.
import type { Report } from '../../protocol/report.ts'

const STALL_MS_PER_MEBIBYTE = 50
const MEBIBYTE_BYTES = 1024 * 1024
/** Shorter ones nobody would notice. */
const WORTH_TELLING_MS = 250

export interface Stall {
  readonly server: string
  readonly fileBytes: number
  readonly stallMs: number
}

/** The longest that is to be expected of the source's servers; null when it is not worth a word. A file that was not compacted for long makes it look longer than it will be. */
export function stallOf ({ servers }: Report): Stall | null {
  let longest: Stall | null = null
  for (const { name, fileBytes } of servers) {
    const stallMs = Math.round(fileBytes / MEBIBYTE_BYTES * STALL_MS_PER_MEBIBYTE)
    if (stallMs >= WORTH_TELLING_MS && stallMs > (longest?.stallMs ?? 0)) longest = { server: name, fileBytes, stallMs }
  }
  return longest
}

/** `nb (90 MiB) may answer nobody for up to 4.5 s`. */
export function stallInWords ({ server, fileBytes, stallMs }: Stall): string {
  return `${server} (${Math.round(fileBytes / MEBIBYTE_BYTES)} MiB) may answer nobody for up to ${(stallMs / 1_000).toFixed(1)} s`
}
