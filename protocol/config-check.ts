// Checks that need more than one value of cluster.yaml. Each names the key to change and says why the rule exists. A
// value that was refused already is undefined here, and what depends on it is not judged.
import { checkCluster } from './config-check-cluster.ts'
import { checkFences } from './config-check-fence.ts'
import { checkStore } from './config-check-store.ts'
import { checkSnapshots } from './config-check-schedules.ts'
import { checkSharing } from './config-check-sharing.ts'
import { refuseDuplicates, type Findings } from './config-findings.ts'
import { parseIp } from './ip.ts'

export function checkConfig (findings: Findings): void {
  checkNodes(findings)
  checkAccess(findings)
  checkFences(findings)
  checkStore(findings)
  refuseDuplicates(findings, (findings.draft.clusters ?? []).map((cluster, index) => ({ path: ['clusters', index, 'name'], key: cluster?.name })),
    first => `is the name of another cluster too (${first})`)
  for (const index of (findings.draft.clusters ?? []).keys()) checkCluster(findings, index)
  checkSharing(findings)
  checkSnapshots(findings)
}

function checkNodes (findings: Findings): void {
  const { nodes = [], clusters = [], controller } = findings.draft
  refuseDuplicates(findings, nodes.map((node, index) => ({ path: ['nodes', index, 'name'], key: node?.name })), first => `is the name of another node too (${first}); capitals do not count`)
  refuseDuplicates(findings, nodes.map((node, index) => ({ path: ['nodes', index, 'address'], key: node?.address })), first => `is the address of another node too (${first})`)
  const members = new Set(clusters.flatMap(cluster => cluster?.members?.map(member => member?.name) ?? []))
  for (const [index, node] of nodes.entries()) {
    if (node?.name === undefined) continue
    if (node.name === controller?.name) {
      findings.problem(['controller', 'name'], `is the name of a node too (nodes[${index}].name): peers are told apart by their names`, { value: controller.name })
    }
    if (!members.has(node.name)) findings.warning(['nodes', index], `no cluster has the node ${node.name}: its agent has nothing to do`, { value: node.name })
  }
  refuseDuplicates(findings, (controller?.tokens ?? []).map((token, index) => ({ path: ['controller', 'tokens', index, 'name'], key: token?.name })),
    first => `is the name of another token too (${first})`)
}

function isBeyondLoopback (address: string | undefined): boolean {
  return address !== undefined && parseIp(address)?.range !== 'loopback'
}

/** Who may give orders: nobody on the network gets them for nothing, unless the file says so in so many words. */
function checkAccess (findings: Findings): void {
  const { nodes = [], controller, tls, insecure } = findings.draft
  const exposed = nodes.find(node => isBeyondLoopback(node?.address))
  const controllerExposed = isBeyondLoopback(controller?.listen)
  if (tls === null && insecure === false && (exposed !== undefined || controllerExposed)) {
    const who = exposed === undefined ? `the controller listens on ${controller?.listen}` : `the agent of ${exposed.name ?? exposed.address} listens on ${exposed.address}`
    findings.problem(['tls'], `is missing: ${who}, beyond loopback, and would take orders from anybody`, { allowed: 'certificate, privateKey and caCertificate; or insecure: true at the top of the file' })
  }
  if (insecure === true && tls === null && (exposed !== undefined || controllerExposed)) {
    findings.warning(['insecure'], 'plain HTTP beyond loopback: whoever reaches the port of an agent or controller can move or stop the service')
  }
  if (insecure === true && tls !== null && tls !== undefined) findings.warning(['insecure'], 'has no effect beside tls: connections are always checked by certificate')
  if (controllerExposed && controller?.tokens?.length === 0) {
    findings.problem(['controller', 'tokens'], `is missing: the controller listens on ${controller.listen}, beyond loopback, and would take orders from anybody`, { allowed: 'at least one token with name, role and file' })
  }
}
