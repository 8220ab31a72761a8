// Replication that stands still for a known time: nothing that a node's servers say to their backups leaves the node.
import { SERVERS } from '../testbed/cluster-file.ts'
import { until, type Stage } from './campaign.ts'

const PORTS = SERVERS.map(({ replicationPort }) => replicationPort).join(', ')
const RULES = `add table inet campaign; add chain inet campaign out { type filter hook output priority 0; }; add rule inet campaign out tcp sport { ${PORTS} } drop`

/** Resolves when it has stood still for so long, and stays so. */
export async function holdBack (stage: Stage, host: string, forMs: number): Promise<{ readonly sinceMs: number }> {
  const { failed, stderr } = await stage.testbed.exec(host, ['nft', RULES])
  if (failed) throw new Error(`replication of ${host} could not be held back: ${stderr}`)
  const sinceMs = performance.now()
  await until(stage, 'the time to be over', async () => performance.now() - sinceMs >= forMs ? true : null)
  return { sinceMs }
}

/** Fine where nothing is held back. */
export async function letGo ({ testbed }: Stage, host: string): Promise<void> {
  const { failed, stderr } = await testbed.exec(host, ['nft', 'add table inet campaign; delete table inet campaign'])
  if (failed) throw new Error(`replication of ${host} is still held back: ${stderr}`)
}

/** Asks something at the end of it, and tells for how long it had stood still when the answer was there. */
export async function heldBack<T> (stage: Stage, host: string, forMs: number, ask: () => Promise<T>): Promise<{ readonly elapsedSeconds: number, readonly result: T }> {
  try {
    const { sinceMs } = await holdBack(stage, host, forMs)
    const result = await ask()
    return { elapsedSeconds: (performance.now() - sinceMs) / 1_000, result }
  } finally {
    await letGo(stage, host)
  }
}
