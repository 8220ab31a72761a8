import { type TestbedStatus } from './status.ts'

/** The status for people: one line per host. */
export function describeStatus (status: TestbedStatus): string {
  const [controller] = status.controllers
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
    `  controller ${controller?.url} (process ${controller?.pid ?? '-'}), token in ${controller?.tokenFile}`,
    `  files in ${status.directory}`
  ].join('\n')
}
