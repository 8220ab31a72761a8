import { type TestbedStatus } from './status.ts'

/** The status for people: one line per host. */
export function describeStatus (status: TestbedStatus): string {
  const rows = status.hosts.map(host => [
    host.name,
    host.address,
    host.on ? host.role ?? '-' : 'off',
    host.holdsVips.length > 0 ? 'VIP' : '',
    `agent ${host.agent.pid ?? '-'}`,
    ...host.servers.map(server => `${server.name} ${server.pid ?? '-'}${server.state === null ? '' : ` (${server.state})`}`)
  ])
  const widths = rows.reduce<number[]>((sum, row) => row.map((cell, column) => Math.max(sum[column] ?? 0, cell.length)), [])
  return [
    `testbed ${status.index}, Open vSwitch ${status.ovs}: ${status.state ?? 'the controller does not answer'}${status.active === null ? '' : `, ${status.active} is active`}`,
    ...rows.map(row => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()}`),
    `  clients dial ${status.vips.join(' or ')}, ports ${Object.entries(status.clientPorts).map(([name, port]) => `${port} (${name})`).join(', ')}, from namespace ${status.client.namespace}`,
    ...status.controllers.map(one => `  controller ${one.name} ${one.url} (process ${one.pid ?? '-'})${doing(one)}, token in ${one.tokenFile}`),
    ...status.redis.map(one => `  redis ${one.name} ${one.address}:${one.port} (process ${one.pid ?? '-'})`),
    `  files in ${status.directory}`
  ].join('\n')
}

function doing ({ leads, follows }: TestbedStatus['controllers'][number]): string {
  if (leads === null) return ', does not answer'
  if (leads.length > 0) return `, leads ${leads.join(', ')}`
  return follows === null ? ', leads nothing' : `, follows ${follows}`
}
