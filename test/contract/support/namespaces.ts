import { execa } from 'execa'

export const DEVICE = 'eth0'

/** Three hosts on one switch: `a` and `b` run the adapters, `client` is the neighbour that watches (it carries the bridge). */
export interface Network {
  readonly a: string
  readonly b: string
  readonly client: string
  ip (namespace: string, ...args: readonly string[]): Promise<string>
  remove (): Promise<void>
}

/** Makes the three namespaces; a, b and client have 10.73.0.1, .2, .3 and fd73::1, ::2, ::3. Names carry this process' id. */
export async function createNetwork (purpose: string): Promise<Network> {
  const [a, b, client] = ['a', 'b', 'c'].map(host => `ovsdbha-${purpose}-${process.pid}-${host}`) as [string, string, string]

  async function ip (namespace: string, ...args: readonly string[]): Promise<string> {
    return (await execa('ip', ['-n', namespace, ...args], { stdin: 'ignore', timeout: 10_000 })).stdout
  }

  async function remove (): Promise<void> {
    for (const name of [a, b, client]) await execa('ip', ['netns', 'delete', name], { stdin: 'ignore', timeout: 10_000, reject: false })
  }

  async function build (): Promise<void> {
    for (const name of [a, b, client]) {
      await execa('ip', ['netns', 'add', name], { stdin: 'ignore', timeout: 10_000 })
      await ip(name, 'link', 'set', 'lo', 'up')
    }
    await ip(client, 'link', 'add', DEVICE, 'type', 'bridge')
    for (const [port, name] of [['to-a', a], ['to-b', b]] as const) {
      await ip(client, 'link', 'add', port, 'type', 'veth', 'peer', 'name', DEVICE, 'netns', name)
      await ip(client, 'link', 'set', port, 'master', DEVICE, 'up')
    }
    for (const [index, name] of [a, b, client].entries()) {
      await ip(name, 'link', 'set', DEVICE, 'up')
      await ip(name, 'address', 'add', `10.73.0.${index + 1}/24`, 'dev', DEVICE)
      await ip(name, 'address', 'add', `fd73::${index + 1}/64`, 'dev', DEVICE, 'nodad')
    }
  }

  try {
    await build()
  } catch (error) {
    await remove()
    throw error
  }
  return { a, b, client, ip, remove }
}
