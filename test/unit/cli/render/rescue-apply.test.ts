import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderApply } from '../../../../cli/render/rescue-apply.ts'
import { createPaint } from '../../../../cli/render/style.ts'
import { replayPlan } from '../../controller/rescue-views.ts'
import { assertGolden } from '../golden.ts'

const [LS, ACL] = ['11111111-0000-4000-8000-000000000000', '33333333-0000-4000-8000-000000000000']
const rows = [
  { table: 'Logical_Switch_Port', uuid: LS, label: 'p1', action: 'insert', because: null },
  { table: 'Logical_Switch', uuid: ACL, label: 'ls1', action: 'refer', because: `it refers to Logical_Switch_Port ${LS}` }
] as const

test('what came back is told row by row, and what does not come back with it', async () => {
  await assertGolden('rescue-applied', paint => renderApply({ applied: true, plan: replayPlan({ rows: [...rows], notes: [`Logical_Switch_Port ${LS} comes back without its dhcpv4_options to DHCP_Options ${ACL}, which was not chosen`], skipped: [{ table: 'Address_Set', uuid: ACL, label: 'as1', reason: `Address_Set ${LS} of the active has the same name` }] }) }, false, paint))
})

test('conflicts are told with their reasons, and that nothing was changed', async () => {
  await assertGolden('rescue-refused', paint => renderApply({
    applied: false,
    plan: replayPlan({
      conflicts: [
        { table: 'Logical_Switch_Port', uuid: LS, label: 'p1', reason: `Logical_Switch_Port ${ACL} of the active has the same name` },
        { table: '', uuid: 'ffff', label: null, reason: 'no row that differs has this uuid' }
      ]
    })
  }, false, paint))
})

test('a dry run says that it is one, and an empty choice that there is nothing to do', () => {
  const plain = createPaint(false)
  assert.match(renderApply({ applied: false, plan: replayPlan() }, true, plain).join('\n'), /^1 rows of n1-0123abcd would be written to n2 \(OVN_Northbound\)\n/)
  assert.deepEqual(renderApply({ applied: false, plan: replayPlan({ rows: [] }) }, false, plain), ['nothing to bring back'])
})
