import type { ClusterView } from '../protocol/api.ts'
import type { ClusterConfig } from '../protocol/cluster.ts'
import type { UpgradeCheck, UpgradeRunBody, UpgradeView } from '../protocol/upgrade.ts'
import { wallClock } from './clock.ts'
import { CommandRefusedError } from './command-errors.ts'
import { checkUpgrade, type NodeAnswer } from './core/upgrade-check.ts'
import { planConversion } from './core/upgrade-convert.ts'
import type { Upgrade } from './core/upgrade-state.ts'
import { beginUpgrade, viewUpgrade, whyNot } from './core/upgrade.ts'
import type { MaintenanceLink } from './link/agent-link.ts'
import type { SnapshotDesk } from './snapshot-desk.ts'
import { UpgradeRefusedError } from './upgrade-errors.ts'
import type { Upgrader, UpgraderOptions } from './upgrader.ts'

/** What the controller's API can ask about the planned restart of one cluster. `actor` is the token's name. Rejections are OvsdbHaErrors. */
export interface UpgradeDesk {
  check (): Promise<UpgradeCheck>
  show (): UpgradeView
  /** With `convert` a snapshot is taken first, and each database is converted to the schema file of its node. */
  run (actor: string, body: UpgradeRunBody): Promise<UpgradeView>
  /** What was ordered comes to its end; nothing more is. */
  stop (actor: string, reason: string): Promise<UpgradeView>
  resume (actor: string): Promise<UpgradeView>
}

export interface UpgradeDeskOptions extends Pick<UpgraderOptions, 'cluster' | 'host' | 'links'> {
  readonly snapshots: Pick<SnapshotDesk, 'take'>
}

const VERSIONS_DEADLINE_MS = 10_000

export function createUpgradeDesk (upgrader: Upgrader, { cluster, host, links, snapshots }: UpgradeDeskOptions): UpgradeDesk {
  const { name } = cluster
  const refuse = (why: string, help?: string): never => { throw new UpgradeRefusedError(name, why, help) }

  function mustLead (): void {
    const { leads, leader } = host.view().controller
    if (!leads) throw new CommandRefusedError(name, { kind: 'notLeading' }, leader)
    upgrader.look()
  }

  const foreign = foreignServers(cluster)

  /** A controller that only follows knows what was kept, and not what was asked for. */
  function show (): UpgradeView {
    const state = upgrader.state()
    return viewUpgrade(state.leading ? state : { upgrade: host.keptUpgrade(), asked: null }, host.view())
  }

  async function check (): Promise<UpgradeCheck> {
    return checkUpgrade(host.view(), await askAll(links), [...foreign, ...unwholeNow()])
  }

  function unwholeNow (): UpgradeCheck['refusals'] {
    const why = whyNot(host.view(), null)
    return why === null ? [] : [{ why, help: 'See "ovsdb-ha status", and wait or mend it: a restart begins only when every node serves or follows.' }]
  }

  /** Read back and kept before anything is changed; null: schemas stay. */
  async function prepareConversion (actor: string, { cutOver = false, confirm }: UpgradeRunBody): Promise<Upgrade['convert']> {
    const { convert, refusals: [first] } = planConversion(await askAll(links), host.view().active, cutOver)
    if (first !== undefined) return refuse(first.why, first.help)
    if (cutOver && confirm !== name) return refuse(announcement(host.view(), Object.keys(convert)), `Announce it, then confirm it with the name of the cluster: --confirm ${name}.`)
    await snapshots.take(actor, `before the conversion of ${Object.keys(convert).join(' and ')}`)
    return convert
  }

  return {
    show,
    check,
    async run (by, body) {
      const { reason = '', cutOver = false, convert = cutOver } = body
      mustLead()
      const [first] = convert ? [...foreign, ...unwholeNow()] : (await check()).refusals
      if (first !== undefined) return refuse(first.why, first.help)
      const asked = { by, reason, convert: convert ? await prepareConversion(by, body) : null, cutOver: cutOver ? 'ahead' as const : null }
      mustLead()
      const upgrade = beginUpgrade(host.view(), upgrader.state().upgrade, asked, wallClock().toISOString())
      if (typeof upgrade === 'string') return refuse(upgrade)
      upgrader.push({ type: 'begun', upgrade })
      return show()
    },
    async stop (actor, reason) {
      mustLead()
      if (upgrader.state().upgrade?.stage !== 'running') return refuse('no restart of all servers runs', 'Nothing to do.')
      upgrader.push({ type: 'stopAsked', actor, reason })
      return show()
    },
    async resume (actor) {
      mustLead()
      const { upgrade } = upgrader.state()
      if (upgrade?.stage !== 'stopped') return refuse('no restart of all servers was stopped', '"ovsdb-ha upgrade run" begins one.')
      const why = whyNot(host.view(), upgrade)
      if (why !== null) return refuse(why)
      upgrader.push({ type: 'resumeAsked', actor, term: host.view().term })
      return show()
    }
  }
}

/** Somebody else's servers are somebody else's to restart. */
function foreignServers ({ servers }: ClusterConfig): UpgradeCheck['refusals'] {
  return servers.filter(server => server.run.mode === 'attach').map(server => ({
    why: `server ${server.name} is run by somebody else (run.mode: attach)`,
    help: 'Restart it yourself: on the backups one at a time, each when "ovsdb-ha status" shows the one before in sync; then "ovsdb-ha switchover"; then on the old active.'
  }))
}

/** Converting reads and writes every row; copying does so once more on each backup. */
const CONVERT_BYTES_PER_S = 20_000_000

/** What a cut-over costs, told before it is confirmed. */
function announcement ({ active, nodes }: ClusterView, servers: readonly string[]): string {
  const bytes = nodes.find(node => node.name === active)?.servers.filter(server => servers.includes(server.name)).reduce((sum, server) => sum + server.fileBytes, 0) ?? 0
  const seconds = 1 + Math.ceil(bytes / CONVERT_BYTES_PER_S)
  const backups = nodes.filter(node => !node.witness && node.name !== active).map(node => node.name).join(', ')
  return `this is one way. A snapshot is taken; ${backups} are converted and follow nobody; then ${active ?? 'the active'} converts ${servers.join(' and ')} while it serves: its clients lose their connections and wait for some ${seconds} s (${bytes} bytes), and those that need the old schema fail from then on. Nobody can take over until ${backups} have copied anew`
}

async function askAll (links: readonly MaintenanceLink[]): Promise<readonly NodeAnswer[]> {
  return await Promise.all(links.map(ask))
}

async function ask (link: MaintenanceLink): Promise<NodeAnswer> {
  try {
    return { node: link.node, versions: await link.versions(VERSIONS_DEADLINE_MS) }
  } catch (error) {
    return { node: link.node, problem: (error as Error).message }
  }
}
