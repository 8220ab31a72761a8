import { describe, test } from 'node:test'
import { renderRescue, renderRescues } from '../../../../cli/render/rescue.ts'
import { rescueView } from '../../controller/rescue-views.ts'
import { assertGolden } from '../golden.ts'

const SEEN = { at: '2026-01-03T00:00:00.000Z', by: 'ann', reason: 'all of it was test data' }

describe('rescues', () => {
  test('are listed newest first, with what is to be done with each', async () => {
    await assertGolden('rescues', paint => renderRescues({
      nodes: [
        {
          node: 'n1',
          problem: null,
          freeBytes: 5,
          rescues: [
            rescueView({ takenAt: '2026-01-05T00:00:00.000Z', server: 'sb', finding: { problem: 'the active does not answer', tables: [] } }, 'n1-00000005'),
            rescueView(),
            rescueView({ takenAt: '2026-01-01T00:00:00.000Z', acknowledged: SEEN }, 'n1-00000001'),
            { ...rescueView(), id: 'n1-00000002', note: null, problem: 'Unexpected end of JSON input' }
          ]
        },
        { node: 'n2', problem: null, freeBytes: 5, rescues: [rescueView({ takenAt: '2026-01-04T00:00:00.000Z', guard: true, finding: { problem: null, tables: [] } }, 'n2-00000004'), rescueView({ takenAt: '2026-01-03T00:00:00.000Z', applied: [{ ...SEEN, appliedRows: 2 }] }, 'n2-00000003')] },
        { node: 'n3', problem: 'The agent of n3 did not answer rescues: connection refused', freeBytes: null, rescues: [] }
      ]
    }, paint))
  })

  test('one is shown with why it was taken, how far it was and what the active lacked', async () => {
    await assertGolden('rescue', paint => renderRescue(rescueView({ acknowledged: SEEN, applied: [{ ...SEEN, reason: '', appliedRows: 2 }] }), paint))
  })
})
