import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What a resync needs beyond twice the copy: headers, the heartbeat database, the log. */
export const DISK_MARGIN_BYTES = 16 * 1024 * 1024

export async function freeBytesAt (directory: string): Promise<number> {
  const found = await statfs(directory)
  return found.bavail * found.bsize
}

/**
 * Null when a resync should fit: a backup whose disk fills up turns active, writable and empty (FACTS R N2). The source's
 * file size cannot be asked for over OVSDB, so our own file stands for it, twice and with a margin. A source much larger
 * than our file can still fill the disk; the follower then sees the self-promotion and undoes it.
 */
export async function whyNoRoom (databaseFile: string, fileBytes: number): Promise<string | null> {
  const freeBytes = await freeBytesAt(dirname(databaseFile))
  const neededBytes = 2 * fileBytes + DISK_MARGIN_BYTES
  return freeBytes >= neededBytes ? null : `${dirname(databaseFile)} has ${freeBytes} bytes free and the resync may need ${neededBytes}`
}
