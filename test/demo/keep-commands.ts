import { tokenFilePath } from '../testbed/cluster-file.ts'
import type { TestbedPlan } from '../testbed/plan.ts'

/** What a person may try on the running testbed, from another terminal in the project's directory. */
export function keepCommands (plan: TestbedPlan, url: string, active: string): readonly string[] {
  const testbed = `npm run testbed -- --index ${plan.index}`
  const rows: ReadonlyArray<readonly [string, string]> = [
    [`${testbed} status`, 'hosts, processes, addresses'],
    [`${testbed} kill ${active} nb`, 'its Northbound server dies'],
    [`${testbed} stop ${active} sb`, 'its Southbound server hangs; cont wakes it'],
    [`${testbed} kill ${active} agent`, 'its agent dies; start brings it back'],
    [`${testbed} cut ${active}`, 'its cable is pulled; heal plugs it in'],
    [`${testbed} power-off ${active}`, 'the whole host; power-on boots it'],
    ['cli/ovsdb-ha status --watch', 'what the controller says'],
    ['cli/ovsdb-ha switchover', 'a planned change: nothing is lost'],
    ['cli/ovsdb-ha history', 'what happened; with a number its waterfall']
  ]
  const width = Math.max(...rows.map(([command]) => command.length))
  return [
    'It runs on. From another terminal, in this directory:',
    '',
    `  export OVSDB_HA_SERVER=${url}`,
    `  export OVSDB_HA_TOKEN_FILE=${tokenFilePath(plan)}`,
    ...rows.map(([command, what]) => `  ${command.padEnd(width)}  # ${what}`),
    '',
    'Ctrl-C here takes everything down.'
  ]
}
