import type { MaintenanceLink } from '../../../controller/link/agent-link.ts'

/** The link to a node that was given nothing to say: whatever is asked of it and not given here fails. */
export function maintenanceLink (node: string, over: Partial<MaintenanceLink> = {}): MaintenanceLink {
  const notGiven = async (): Promise<never> => { throw new Error(`${node} was asked for something that the test does not know`) }
  return { node, compact: notGiven, versions: notGiven, order: notGiven, snapshots: notGiven, takeSnapshot: notGiven, verifySnapshot: notGiven, planRestore: notGiven, compare: notGiven, compareProgress: async () => ({ running: null }), recheck: notGiven, mark: notGiven, stop: async () => {}, ...over }
}
