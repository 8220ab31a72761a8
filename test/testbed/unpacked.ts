// A rescue is a compressed database file; whoever looks into one unpacks it for that long.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'

export async function unpacked<T> (file: string, use: (plain: string) => PromiseLike<T>): Promise<T> {
  const directory = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-unpacked-'))
  try {
    const plain = path.join(directory, 'database.db')
    await writeFile(plain, gunzipSync(await readFile(file)))
    return await use(plain)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
