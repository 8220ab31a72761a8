import { stringify } from 'yaml'
import { parseConfig } from '../protocol/config.ts'
import type { ConfigProblem } from '../protocol/config-errors.ts'

/** A sound cluster.yaml as a plain value: three data nodes on 10.0.0.0/24, NB and SB, one virtual address, certificates. */
export function soundFile () {
  return {
    version: 1,
    nodes: [{ name: 'ctl1', address: '10.0.0.11' }, { name: 'ctl2', address: '10.0.0.12' }, { name: 'ctl3', address: '10.0.0.13' }],
    tls: { certificate: '/etc/tls/{node}.crt', privateKey: '/etc/tls/{node}.key', caCertificate: '/etc/tls/ca.crt' },
    clusters: [{
      name: 'ovn',
      nodes: ['ctl1', 'ctl2', 'ctl3'],
      servers: [
        { name: 'nb', database: 'OVN_Northbound', listen: { method: 'tcp', port: 6641 } },
        { name: 'sb', database: 'OVN_Southbound', listen: { method: 'tcp', port: 6642 } }
      ],
      endpoints: [{ type: 'vip', interface: 'eth0', addresses: ['10.0.0.100/24'] }]
    }]
  }
}

type Edits = Readonly<Record<string, unknown>>

/** The sound file with values put at (or, with undefined, taken from) paths such as `clusters.0.timing.lease`. */
export function fileWith (edits: Edits): string {
  const file: unknown = soundFile()
  for (const [path, value] of Object.entries(edits)) {
    const steps = path.split('.')
    const last = steps.pop() ?? ''
    let holder = file as Record<string, unknown>
    for (const step of steps) holder = (holder[step] ??= {}) as Record<string, unknown>
    if (value === undefined) delete holder[last]
    else holder[last] = value
  }
  return stringify(file)
}

/** What the check says of the sound file with these edits: path and problem. */
export function problemsWith (edits: Edits): readonly ConfigProblem[] {
  return parseConfig(fileWith(edits), 'cluster.yaml').problems ?? []
}

export function warningsWith (edits: Edits): readonly ConfigProblem[] {
  return parseConfig(fileWith(edits), 'cluster.yaml').warnings
}
