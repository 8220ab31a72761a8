// What happens to a cluster in a benchmark, and how it is undone.
import { CLUSTER_NAME, SERVERS } from '../testbed/cluster-file.ts'
import { TestbedError } from '../testbed/command.ts'
import type { Testbed } from '../testbed/testbed.ts'

export interface EventPlan {
  /** Resolves to the moment when it happened, on the wall clock in milliseconds: a switchover's is when it was asked for. */
  readonly happen: (testbed: Testbed, active: string) => Promise<number>
  readonly undo: (testbed: Testbed, active: string) => Promise<void>
}

const nothing = async () => undefined

export const EVENTS = {
  'server crash': {
    happen: async (testbed, active) => {
      await testbed.killServer(active, SERVERS[0].name)
      return Date.now()
    },
    undo: nothing // the agent restarts it
  },
  'node cut': {
    happen: async (testbed, active) => {
      await testbed.cutHost(active)
      return Date.now()
    },
    undo: (testbed, active) => testbed.healHost(active)
  },
  switchover: {
    happen: async testbed => {
      const api = await testbed.api()
      const askedMs = Date.now()
      const { status, body } = await api.post(`/v1/clusters/${CLUSTER_NAME}/switchover`)
      if (status !== 200) throw new TestbedError(`the switchover was refused: ${JSON.stringify(body)}`)
      return askedMs
    },
    undo: nothing
  }
} as const satisfies Readonly<Record<string, EventPlan>>

export type BenchEvent = keyof typeof EVENTS
