import { test } from 'node:test'
import { renderExplanation } from '../../../../cli/render/explain.ts'
import { explanation, operationView } from '../../controller/api/views.ts'
import { assertGolden } from '../golden.ts'

test('a past decision shows the rules with what they came from, what was known of each node, and every candidate', async () => {
  await assertGolden('explain-failover', paint => renderExplanation({ id: 12, explanation: explanation(), operation: operationView() }, paint))
})

test('now, on a controller that never saw anything, is told as such', async () => {
  const never = { witness: false, heardAgoMs: null, reachable: false, phase: null, term: 0, holder: null, position: null, following: null, complete: false, renewals: [] }
  await assertGolden('explain-nothing', paint => renderExplanation({
    id: null,
    operation: null,
    explanation: explanation({
      decision: 'none',
      what: 'ctl-a does not lead this cluster and decides nothing',
      rules: [],
      diagnoses: [],
      inputs: { controller: 'ctl-a', leading: false, paused: true, term: 0, holder: null, released: false, lastServed: null, remembered: null, voters: { answeringNodes: 0, neededNodes: 2, allNodes: 3 }, nodes: [{ node: 'n1', ...never }] },
      candidates: [{ node: 'n1', verdict: 'refused', code: 'unreachable', why: 'n1 does not report (not connected yet)' }]
    })
  }, paint))
})
