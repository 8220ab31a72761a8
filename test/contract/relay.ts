import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Between a client and a server: what the client sends passes at once, the answers as the test says. */
export interface Relay {
  readonly port: number
  /** How late each answer is. */
  answersAfterMs: number
  /** The next command passes, and its connection ends before the answer. */
  cutsNextAnswer: boolean
  close (): Promise<void>
}

export async function createRelay (toPort: number): Promise<Relay> {
  const sockets = new Set<Socket>()
  const server = createServer(client => {
    const upstream = connect(toPort, '127.0.0.1')
    const end = () => { client.destroy(); upstream.destroy() }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', end).on('close', () => { sockets.delete(socket); end() })
    }
    client.on('data', bytes => { upstream.write(bytes) })
    upstream.on('data', bytes => {
      if (relay.cutsNextAnswer) {
        relay.cutsNextAnswer = false
        return end()
      }
      setTimeout(() => { client.write(bytes) }, relay.answersAfterMs)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const relay: Relay = {
    port: (server.address() as AddressInfo).port,
    answersAfterMs: 0,
    cutsNextAnswer: false,
    async close () {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
  return relay
}
