import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ControllerConfig } from '../protocol/cluster.ts'
import { createEmbeddedStore } from './store/embedded.ts'
import { createRedisStore } from './store/redis.ts'
import type { Store } from './store/store.ts'

/** The store that the configuration names. A Redis that is away is no reason not to start: a follower needs none. */
export async function openStore ({ name, store: config }: ControllerConfig): Promise<Store> {
  const store = config.type === 'embedded'
    ? createEmbeddedStore({ file: config.file })
    : createRedisStore({
      servers: config.servers,
      access: {
        username: config.username,
        password: config.passwordFile === null ? null : (await readFile(config.passwordFile, 'utf8')).trim(),
        tls: config.tls === null ? null : await readTls(config.tls, name)
      },
      prefix: config.keyPrefix,
      part: createHash('sha256').update(name).digest().readUInt16BE(0) % 4_096
    })
  await store.open()
  return store
}

async function readTls (files: { readonly privateKey: string, readonly certificate: string, readonly caCertificate: string }, name: string) {
  const read = (path: string) => readFile(path.replaceAll('{node}', name), 'utf8')
  return { key: await read(files.privateKey), cert: await read(files.certificate), ca: await read(files.caCertificate) }
}
