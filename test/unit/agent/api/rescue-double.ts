// The rescues of a node held in memory: says what it is told to say, and remembers what it was asked.
import { UnacknowledgedError } from '../../../../agent/ovsdb/rescue-errors.ts'
import type { RescueService } from '../../../../agent/rescue-service.ts'
import { replayPlan, RESCUE, rescueDiff, rescueView } from '../../controller/rescue-views.ts'

export function createRescueDouble (): RescueService & { readonly asked: unknown[] } {
  const asked: unknown[] = []
  const answer = async <T>(value: T, ...call: readonly unknown[]): Promise<T> => {
    asked.push(call)
    return value
  }
  return {
    asked,
    list: () => answer({ rescues: [rescueView()], freeBytes: 7 }, 'list'),
    show: id => answer(rescueView(), 'show', id),
    acknowledge: (id, actor) => answer(rescueView(), 'acknowledge', id, actor),
    async remove (id, actor) {
      if (!actor.force) throw new UnacknowledgedError(RESCUE, { cluster: 'ovn', node: 'n1' })
      return await answer(rescueView(), 'remove', id, actor)
    },
    diff: (id, request) => answer(rescueDiff(), 'diff', id, request),
    plan: (id, request) => answer(replayPlan(), 'plan', id, request),
    applied: (id, done) => answer(rescueView(), 'applied', id, done),
    compareCopies: source => answer({ source, databases: [{ server: 'nb', database: 'OVN_Northbound', problem: null, tables: [] }] }, 'compareCopies', source),
    replay: request => answer({ ok: false, reason: 'refused', operationIndex: 0 }, 'replay', request)
  }
}
