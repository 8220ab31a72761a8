// Values that cannot work are refused before anything is installed, by a sentence that names the value to change.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { refusal, skipWithoutHelm, type Overrides } from './helm.ts'

const THREE = 'three-nodes-values.yaml'

/** Refused by values.schema.json: the file, what is changed, and the place that Helm names. */
const WRONG_TYPES: ReadonlyArray<readonly [Overrides, RegExp]> = [
  [{ 'controller.replicas': 'three' }, /controller[/.]replicas/],
  [{ 'controller.replicas': 0 }, /controller[/.]replicas/],
  [{ 'agent.port': 70_000 }, /agent[/.]port/],
  [{ 'agent.handover': { enabled: false } }, /handover/],
  [{ 'tls.source': 'none' }, /tls[/.]source/],
  [{ 'controller.tokens': [{ name: 'a', role: 'root' }] }, /controller[/.]tokens/],
  [{ nodes: [{ name: 'ctl_1', address: '10.0.0.11' }] }, /nodes/],
  [{ nodes: [{ name: 'ctl1', adress: '10.0.0.11' }] }, /nodes/],
  [{ clusters: [{ name: 'ovn', nodes: ['ctl1'], servers: [], endpoints: [] }] }, /clusters/],
  [{ 'controller.podDisruptionBudget': { minAvailable: 2 } }, /podDisruptionBudget/],
  [{ 'agent.seLinuxType': 'spc t' }, /seLinuxType/],
  [{ replicas: 3 }, /replicas/]
]

/** Refused by the templates. */
const IMPOSSIBLE: ReadonlyArray<readonly [string, Overrides, RegExp]> = [
  [THREE, { nodes: [] }, /nodes and clusters are empty/],
  [THREE, { 'controller.replicas': 3 }, /controller\.replicas is 3, and the embedded store is for one controller/],
  [THREE, { nodes: [{ name: 'ctl1', address: '10.0.0.11' }, { name: 'ctl2', address: '10.0.0.12' }] }, /clusters: ovn has the node ctl3, which is not in nodes/],
  [THREE, { nodes: [{ name: 'ctl1', address: '10.0.0.11' }, { name: 'CTL1', address: '10.0.0.12' }] }, /nodes: ctl1 is there twice/],
  [THREE, { nodes: [{ name: 'ctl1', address: '10.0.0.11' }, { name: 'b', address: '10.0.0.12', kubernetesNode: 'ctl1' }] }, /the Kubernetes node ctl1 is there twice/],
  [THREE, { nodes: [{ name: 'ctl1', address: '10.0.0.11', agentPort: 9000 }] }, /nodes: ctl1 has an agentPort/],
  [THREE, { 'tls.certManager.issuerRef.name': '' }, /issuerRef\.name is empty/],
  [THREE, { 'tls.secretName': 'all' }, /tls\.secretName lacks \{name\}/],
  [THREE, { 'agent.handOver.token': 'monitoring' }, /monitoring is a viewer/],
  [THREE, { 'agent.handOver.token': 'nobody' }, /nobody is not in controller\.tokens/],
  [THREE, { 'agent.handOver.deadlineSeconds': 9 }, /may take 9000 ms/],
  [THREE, { 'agent.terminationGracePeriodSeconds': 60 }, /agent\.terminationGracePeriodSeconds is 60: it must be at least .* 75/],
  [THREE, { 'agent.sidecar.enabled': true, clusters: attached('attach'), 'agent.hostPID': true }, /one node must not have two agents/],
  [THREE, { clusters: attached('systemd') }, /run\.mode systemd, and an agent in a container has no systemd/],
  [THREE, { clusters: attached('attach') }, /agent\.hostPID: true/],
  [THREE, { clusters: attached('process', { companions: [{ name: 'northd', unit: 'ovn-northd.service' }] }) }, /the companion northd is a systemd unit, and an agent in a container has no systemd/],
  ['sidecar-values.yaml', { clusters: attached('process') }, /a sidecar attaches to servers/],
  ['sidecar-values.yaml', { 'agent.handOver.token': 'monitoring' }, /monitoring is a viewer/],
  ['sidecar-values.yaml', { 'agent.terminationGracePeriodSeconds': 60 }, /agent\.terminationGracePeriodSeconds is 60/],
  ['witness-values.yaml', { 'agent.handOver.deadlineSeconds': 60 }, /may take 60000 ms/],
  ['witness-values.yaml', { 'monitoring.podMonitor': true }, /monitoring\.clientSecret is empty/],
  ['controllers-values.yaml', { 'store.redis.urls': [] }, /store\.redis\.urls is empty/],
  ['controllers-values.yaml', { 'store.redis.bundled.enabled': true }, /use yours or the bundled one/],
  ['controllers-values.yaml', { 'store.redis.existingSecret': '' }, /existingSecret is empty beside store\.redis\.username/],
  ['controllers-values.yaml', { 'controller.name': 'ctl', nodes: [{ name: 'ctl-0', address: '10.0.0.14' }, ...[1, 2, 3].map(n => ({ name: `ctl${n}`, address: `10.0.0.1${n}` }))] }, /a controller would be called ctl-0, as a node is/]
]

function attached (mode: string, more: object = {}) {
  return [{ ...more, name: 'ovn', nodes: ['ctl1', 'ctl2', 'ctl3'], servers: [{ name: 'nb', database: 'OVN_Northbound', listen: { method: 'tcp', port: 6641 }, run: { mode } }], endpoints: [{ type: 'vip', interface: 'eth0', addresses: ['10.0.0.100/24'] }] }]
}

describe('what the chart refuses', { skip: skipWithoutHelm }, () => {
  for (const [overrides, place] of WRONG_TYPES) {
    test(`by its schema: ${JSON.stringify(overrides)}`, async () => {
      const said = await refusal(THREE, overrides) ?? 'nothing: it was taken'
      assert.match(said, /don't meet the specifications of the schema/)
      assert.match(said, place)
    })
  }

  for (const [file, overrides, sentence] of IMPOSSIBLE) {
    test(`by a sentence: ${file} with ${JSON.stringify(overrides).slice(0, 90)}`, async () => assert.match(await refusal(file, overrides) ?? 'nothing: it was taken', sentence))
  }
})
