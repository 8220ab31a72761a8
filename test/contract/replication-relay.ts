import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Between a backup and its source: sessions that ask for a certain database can be kept out, and all be broken. */
export interface ReplicationRelay {
  /** A session is broken as soon as it names this database. */
  keepsOut: string | null
  breakAll (): void
  close (): Promise<void>
}

export async function createReplicationRelay (host: string, toHost: string, port: number): Promise<ReplicationRelay> {
  const sockets = new Set<Socket>()
  const server = createServer(backup => {
    const source = connect({ host: toHost, port })
    const end = () => { backup.destroy(); source.destroy() }
    let asked = ''
    for (const socket of [backup, source]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', end).on('close', () => { sockets.delete(socket); end() })
    }
    backup.on('data', bytes => {
      asked = asked.slice(-1_000) + bytes.toString('latin1')
      if (relay.keepsOut !== null && asked.includes(relay.keepsOut)) return end()
      source.write(bytes)
    })
    source.on('data', bytes => { backup.write(bytes) })
  }).listen(port, host)
  await once(server, 'listening')
  const relay: ReplicationRelay = {
    keepsOut: null,
    breakAll () { for (const socket of sockets) socket.destroy() },
    async close () {
      relay.breakAll()
      server.close()
      await once(server, 'close')
    }
  }
  return relay
}
