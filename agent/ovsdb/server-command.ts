import { dirname, join } from 'node:path'
import type { ServerConfig } from '../../protocol/cluster.ts'
import { parsePassive } from './listening.ts'

/** An IPv6 address in an OVSDB method stands in brackets. */
export function bracketed (address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

/** The listener that other nodes replicate from; open from the first time that the process serves. */
export function replicationRemote (server: ServerConfig, nodeAddress: string): string {
  return `p${server.listen.method}:${server.replicationPort}:${bracketed(nodeAddress)}`
}

/** Whether other nodes can replicate from it, through whatever listener somebody else gave it. */
export function hasReplicationRemote (server: ServerConfig, nodeAddress: string, remotes: readonly string[]): boolean {
  return remotes.map(parsePassive).some(passive => passive?.port === server.replicationPort && [nodeAddress, '0.0.0.0', '::'].includes(passive.address))
}

/** How another node's replication listener is dialled. */
export function replicationSource (server: ServerConfig, address: string): string {
  return `${server.listen.method}:${bracketed(address)}:${server.replicationPort}`
}

/** The clients' listener on one endpoint address. */
export function gateRemote (server: ServerConfig, address: string): string {
  return `p${server.listen.method}:${server.listen.port}:${bracketed(address)}`
}

/** Whether a remote is a clients' listener of this server, opened by whichever agent on whichever address. */
export function isGateRemote (server: ServerConfig, nodeAddress: string, remote: string): boolean {
  return remote !== replicationRemote(server, nodeAddress) && new RegExp(`^p(tcp|ssl):0*${server.listen.port}(:|$)`).test(remote)
}

/** In the folder of the user database, so that both need the same disk. */
export function heartbeatFile (server: ServerConfig): string {
  return join(dirname(server.databaseFile), `${server.name}.heartbeat.db`)
}

/** What every start of our own has besides databases, listeners and source, which are the role driver's (`birthArguments`). */
export function processArguments (server: ServerConfig): readonly string[] {
  const tls = server.tls === null
    ? []
    : [`--private-key=${server.tls.privateKey}`, `--certificate=${server.tls.certificate}`, `--ca-cert=${server.tls.caCertificate}`]
  return ['--detach', '--no-chdir', `--pidfile=${server.pidFile}`, `--log-file=${server.logFile}`, `--unixctl=${server.controlSocket}`, ...tls]
}

/** Never `--monitor`, which brings a crashed active back as active, never `--active`, and always a source (S5). */
export function birthProblem (args: readonly string[]): string | null {
  const forbidden = args.find(arg => /^--(monitor|active)$/.test(arg))
  if (forbidden !== undefined) return `${forbidden} is not allowed`
  return args.some(arg => arg.startsWith('--sync-from=') || arg.startsWith('--config-file=')) ? null : 'it would be born active'
}

/** Another program of Open vSwitch beside the server's (sbin/ovsdb-server -> bin/ovsdb-tool), run by the same loader if there is one. */
export function toolBeside (program: readonly string[], tool: 'ovsdb-tool' | 'ovsdb-client' = 'ovsdb-tool'): readonly string[] {
  const server = program.at(-1) ?? ''
  return server.includes('/') ? [...program.slice(0, -1), join(dirname(server), '..', 'bin', tool)] : [tool]
}
