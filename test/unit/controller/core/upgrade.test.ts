import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { beginUpgrade, stepUpgrade, viewUpgrade, whyNot } from '../../../../controller/core/upgrade.ts'
import { NO_UPGRADE, type Upgrade, type UpgradeAction, type UpgradeEvent, type UpgradeState } from '../../../../controller/core/upgrade-state.ts'
import type { ClusterView, OperationView } from '../../../../protocol/api.ts'
import { operationView, serverReport } from '../api/views.ts'
import { calmView, servedBy, withNode } from './schedule-harness.ts'

const CONFIG = { cluster: 'ovn', catchUpMs: 300_000, graceMs: 15_000 }
const AT = '2026-01-02T03:30:00.000Z'
const PIDS: Record<string, number> = { n1: 1, n2: 2, n3: 3 }

/** Each node with processes of its own; those in `restarted` with others than at the beginning. */
function running (view: ClusterView, restarted: readonly string[] = []): ClusterView {
  return { ...view, nodes: view.nodes.map(node => ({ ...node, servers: node.servers.map(server => ({ ...server, pid: (PIDS[node.name] ?? 0) + (restarted.includes(node.name) ? 100 : 0), version: restarted.includes(node.name) ? '3.5.0' : '3.1.0' })) })) }
}

function begun (view = running(calmView()), convert: Upgrade['convert'] = null, cutOver: Upgrade['cutOver'] = null): Upgrade {
  const upgrade = beginUpgrade(view, null, { by: 'ann', reason: 'new packages', convert, cutOver }, AT)
  assert.ok(typeof upgrade !== 'string', String(upgrade))
  return upgrade
}

function harness (kept: Upgrade | null = null, first = running(calmView())) {
  const all: UpgradeAction[] = []
  let state: UpgradeState = NO_UPGRADE
  let view = first
  function send (event: UpgradeEvent, nowMs: number): readonly UpgradeAction[] {
    const [next, actions] = stepUpgrade(CONFIG, state, event, view, nowMs)
    state = next
    all.push(...actions)
    return actions
  }
  send({ type: 'led', kept }, 0)
  const one = {
    send,
    state: () => state,
    see (next: ClusterView, nowMs: number) {
      view = next
      return send({ type: 'woke' }, nowMs)
    },
    end (nowMs: number, error: string | null = null, operation: OperationView | null = null) {
      return send({ type: 'ended', tag: all.findLast(action => action.type === 'restart' || action.type === 'switchover' || action.type === 'convert')?.tag ?? 0, error, operation }, nowMs)
    },
    asked: () => all.flatMap(action => action.type === 'restart' ? [`restart ${action.node} ${action.servers.map(({ name, pid }) => `${name}=${pid}`).join()}`] : action.type === 'switchover' ? ['switchover'] : action.type === 'convert' ? [`convert ${action.node}`] : []),
    kinds: () => all.flatMap(action => action.type === 'record' ? [`${action.kind} ${action.node ?? ''}`.trim()] : []),
    last: () => all.findLast(action => action.type === 'record'),
    kept: () => all.findLast(action => action.type === 'keep')?.upgrade
  }
  if (kept === null) send({ type: 'begun', upgrade: begun() }, 0)
  return one
}

const coming = (view: ClusterView, name: string) => withNode(view, name, { ineligible: { node: name, code: 'incomplete', message: `${name} copies` } })

describe('a planned restart of all servers', () => {
  test('backups one at a time, each when all are whole, then a switchover, then the old active', () => {
    const one = harness()
    assert.deepEqual(one.asked(), ['restart n2 nb=2'])
    one.end(1_000)
    one.see(coming(running(calmView(), ['n2']), 'n2'), 5_000)
    assert.equal(one.asked().length, 1, 'n2 is not whole yet')
    one.see(running(calmView(), ['n2']), 9_000)
    assert.deepEqual(one.asked().slice(1), ['restart n3 nb=3'])
    one.end(10_000)
    one.see(running(calmView(), ['n2', 'n3']), 20_000)
    assert.deepEqual(one.asked().slice(2), ['switchover'])
    one.see(running(servedBy('n2'), ['n2', 'n3']), 20_100)
    one.end(20_200, null, operationView({ kind: 'switchover', outcome: 'done' }))
    one.send({ type: 'woke' }, 22_000)
    assert.deepEqual(one.asked().slice(3), ['restart n1 nb=1'])
    one.end(23_000)
    one.see(running(servedBy('n2'), ['n1', 'n2', 'n3']), 30_000)
    assert.equal(one.state().upgrade?.stage, 'done')
    assert.deepEqual(one.kinds(), ['upgradeBegan', 'upgradeRestarts n2', 'upgradeNodeDone n2', 'upgradeRestarts n3', 'upgradeNodeDone n3', 'upgradeRestarts n1', 'upgradeNodeDone n1', 'upgradeEnded'])
    assert.equal(one.kept()?.stage, 'done')
  })

  test('one that is restarted may take its time to copy; past all patience it is stopped', () => {
    const one = harness()
    one.end(1_000)
    const late = coming(running(calmView(), ['n2']), 'n2')
    one.see(late, 2_000)
    one.see(late, 200_000)
    assert.equal(one.state().upgrade?.stage, 'running')
    one.see(late, 302_001)
    assert.equal(one.state().upgrade?.why, 'n2 copies')
    assert.equal(one.asked().length, 1)
  })

  test('another node that is lost stops it, after a moment in which reports may be late', () => {
    const one = harness()
    one.end(1_000)
    const lost = withNode(running(calmView(), ['n2']), 'n3', { reachable: false })
    one.see(lost, 2_000)
    one.see(lost, 17_000)
    assert.equal(one.state().upgrade?.stage, 'running')
    one.see(lost, 17_001)
    assert.equal(one.state().upgrade?.stage, 'stopped')
    assert.match(one.last()?.type === 'record' ? one.last()!.message : '', /stopped where it is: n3 does not report\. "ovsdb-ha upgrade resume" goes on/)
    one.see(running(calmView(), ['n2']), 60_000)
    assert.equal(one.asked().length, 1, 'it goes on only when it is told to')
  })

  test('a node that falls silent while it is asked to restart is named within the grace, and no answer is waited for', () => {
    for (const [name, other] of [['n2', 'n3'], ['n3', 'n1']] as const) {
      const one = harness()
      const gone = withNode(running(calmView()), name, { reachable: false })
      one.see(gone, 2_000)
      assert.equal(viewUpgrade(one.state(), gone).upgrade?.waitsFor, `${name} does not report`)
      one.see(gone, 17_000)
      assert.equal(one.state().upgrade?.stage, 'running')
      one.see(gone, 17_001)
      assert.deepEqual([one.kept()?.stage, one.kept()?.why], ['stopped', `${name} does not report`])
      assert.match(one.last()?.type === 'record' ? one.last()!.message : '', new RegExp(`stopped where it is: ${name} does not report`))
      const { upgrade } = viewUpgrade(one.state(), withNode(gone, other, { reachable: false }))
      assert.deepEqual([upgrade?.why, upgrade?.steps[0]?.state], [`${name} does not report`, 'waiting'])
    }
  })

  test('of several silent nodes the one that was asked is named; one whose report was only late gets a grace of its own the next time', () => {
    const one = harness()
    const gone = (...names: readonly string[]) => names.reduce((view, name) => withNode(view, name, { reachable: false }), running(calmView()))
    assert.equal(viewUpgrade(one.state(), gone('n1', 'n2')).upgrade?.waitsFor, 'n2 does not report')
    one.see(gone('n2'), 2_000)
    one.see(running(calmView()), 16_000)
    one.see(gone('n2'), 17_000)
    one.see(gone('n2'), 32_000)
    assert.equal(one.state().upgrade?.stage, 'running')
    one.see(gone('n2'), 32_001)
    assert.equal(one.state().upgrade?.stage, 'stopped')
  })

  test('an answer that comes late is noted and tells nothing more; resumed, it goes on by what the nodes report', () => {
    const stopped = () => {
      const one = harness()
      for (const atMs of [2_000, 17_001]) one.see(withNode(running(calmView()), 'n2', { reachable: false }), atMs)
      assert.equal(one.state().upgrade?.stage, 'stopped')
      return one
    }
    for (const error of ['n2 did not answer in time', null]) {
      const one = stopped()
      const told = one.kinds().length
      one.end(180_000, error)
      one.see(running(calmView()), 181_000)
      assert.deepEqual([one.kinds().length, one.state().upgrade?.stage, one.asked().length], [told, 'stopped', 1])
    }
    const again = stopped()
    again.see(running(calmView()), 60_000)
    const late = again.state().asked?.tag ?? 0
    again.send({ type: 'resumeAsked', actor: 'ann', term: 7 }, 61_000)
    assert.deepEqual(again.asked(), ['restart n2 nb=2', 'restart n2 nb=2'], 'whoever answers nothing is not waited for')
    again.send({ type: 'ended', tag: late, error: 'n2 did not answer in time', operation: null }, 62_000)
    assert.deepEqual([again.state().failures, again.state().asked?.node], [0, 'n2'], 'the answer to the order before is nobody\'s')
    again.end(63_000)
    again.see(running(calmView(), ['n2']), 66_000)
    assert.deepEqual(again.asked().slice(2), ['restart n3 nb=3'])
    const done = stopped()
    done.see(running(calmView(), ['n2']), 60_000)
    done.send({ type: 'resumeAsked', actor: 'ann', term: 7 }, 61_000)
    assert.deepEqual(done.asked(), ['restart n2 nb=2', 'restart n3 nb=3'], 'what was done meanwhile is not done again')
  })

  test('a conversion whose answer comes after the active fell silent counts as done', () => {
    const view = running(calmView(), ['n2', 'n3'])
    const one = harness({ ...begun(undefined, { nb: 'abc' }, 'ahead'), ordered: ['n2', 'n3'] }, view)
    assert.deepEqual(one.asked(), ['convert n1'])
    for (const atMs of [2_000, 17_001]) one.see(withNode(view, 'n1', { reachable: false }), atMs)
    assert.equal(one.state().upgrade?.why, 'n1 does not report')
    one.end(20_000)
    assert.deepEqual([one.kept()?.stage, one.kept()?.cutOver], ['stopped', 'done'])
  })

  test('one that was restarted and falls silent has the same grace, and a patience that ran before does not shorten it', () => {
    const one = harness()
    one.end(1_000)
    const copies = coming(running(calmView(), ['n2']), 'n2')
    one.see(copies, 2_000)
    const gone = withNode(copies, 'n2', { reachable: false })
    one.see(gone, 100_000)
    assert.equal(one.state().upgrade?.stage, 'running')
    one.see(copies, 101_000)
    one.see(gone, 110_000)
    one.see(gone, 125_000)
    assert.equal(one.state().upgrade?.stage, 'running')
    one.see(gone, 125_001)
    assert.equal(one.state().upgrade?.why, 'n2 does not report')
  })

  test('an automatic failover stops it; resumed, it goes on from there', () => {
    const one = harness()
    one.end(1_000)
    const open = [{ term: 8, at: AT, failed: 'n1', to: 'n2', why: 'nb crashed', counts: true, lockedOutUntil: null }]
    const moved = running(servedBy('n2', { term: 8, recoveries: { limitFailovers: 4, usedFailovers: 1, freeAt: null, open } }), ['n1', 'n2'])
    one.see(moved, 5_000)
    assert.match(one.state().upgrade?.why ?? '', /n1 was failed over to n2 meanwhile \(nb crashed\)/)
    one.send({ type: 'resumeAsked', actor: 'ann', term: 8 }, 6_000)
    assert.deepEqual(one.asked(), ['restart n2 nb=2', 'restart n3 nb=3'])
  })

  test('a pause, and an operator, stop it at once', () => {
    for (const stop of [(one: ReturnType<typeof harness>) => one.see({ ...running(calmView()), paused: { by: 'bob', at: AT, reason: '' } }, 100), (one: ReturnType<typeof harness>) => one.send({ type: 'stopAsked', actor: 'bob', reason: 'lunch' }, 100)]) {
      const one = harness()
      stop(one)
      assert.equal(one.state().upgrade?.stage, 'stopped')
      one.end(1_000)
      one.see(running(calmView(), ['n2']), 60_000)
      assert.deepEqual(one.asked(), ['restart n2 nb=2'])
      assert.match(one.kept()?.why ?? '', /^bob (paused|stopped)/)
    }
  })

  test('a step that fails is tried again, three times in all', () => {
    const one = harness()
    for (const atMs of [1_000, 7_000]) {
      one.end(atMs, 'n2 refuses')
      one.send({ type: 'woke' }, atMs + 4_999)
      one.send({ type: 'woke' }, atMs + 5_000)
    }
    assert.equal(one.asked().length, 3)
    one.end(20_000, 'n2 refuses')
    assert.match(one.state().upgrade?.why ?? '', /the servers of n2 were not restarted, 3 times: n2 refuses/)
  })

  test('the next leader goes on where the nodes are, and tells nothing twice', () => {
    const one = harness(begun(), running(calmView(), ['n2']))
    assert.deepEqual([one.asked(), one.kinds()], [['restart n3 nb=3'], ['upgradeRestarts n3']])
    const later = harness({ ...begun(), stage: 'stopped', why: 'lunch' })
    later.see(running(calmView(), ['n2']), 60_000)
    assert.deepEqual(later.asked(), [])
    later.send({ type: 'leadLost' }, 61_000)
    assert.equal(later.state().upgrade, null)
  })

  test('it begins only in a cluster that is whole, with another node that could serve, and once', () => {
    const refused = (view: ClusterView, known: Upgrade | null = null) => beginUpgrade(view, known, { by: 'ann', reason: '', convert: null, cutOver: null }, AT)
    const view = running(calmView())
    assert.match(String(refused({ ...view, paused: { by: 'bob', at: AT, reason: '' } })), /paused by bob/)
    assert.match(String(refused(withNode(view, 'n3', { reachable: false }))), /n3 does not report/)
    assert.match(String(refused(coming(view, 'n2'))), /n2 copies/)
    assert.match(String(refused({ ...view, active: null })), /nobody serves/)
    assert.match(String(refused({ ...view, operation: operationView({ kind: 'switchover', to: 'n2' }) })), /a switchover to n2 runs/)
    assert.match(String(refused({ ...view, nodes: view.nodes.slice(0, 1) })), /no other node/)
    assert.match(String(refused(withNode(view, 'n2', { servers: [serverReport({ pid: null })] }))), /the process of server nb on n2 is not known/)
    assert.match(String(refused(view, begun())), /runs/)
    assert.equal(whyNot(view, null), null)
  })

  test('with a conversion the old active cannot follow before its own turn, and is not waited for', () => {
    const one = harness({ ...begun(undefined, { nb: 'abc' }), ordered: ['n2', 'n3'] }, running(calmView(), ['n2', 'n3']))
    assert.deepEqual(one.asked(), ['switchover'])
    const stranded = (view: ClusterView) => withNode(view, 'n1', { following: null, ineligible: { node: 'n1', code: 'notFollowing', message: 'n1 has another schema' } })
    one.end(1_000, null, operationView({ kind: 'switchover', outcome: 'done' }))
    one.see(stranded(running(servedBy('n2'), ['n2', 'n3'])), 3_000)
    assert.deepEqual(one.asked().slice(1), ['restart n1 nb=1'])
    const plain = harness(begun(), stranded(running(servedBy('n2'), ['n2', 'n3'])))
    assert.deepEqual(plain.asked(), [], 'without one it is a node that is not whole')
  })

  test('with a conversion a server that came back by itself is not done: it has the schema of before, and its new process is named in the order', () => {
    const one = harness(begun(undefined, { nb: 'abc' }), running(calmView(), ['n2']))
    assert.deepEqual([one.asked(), one.kinds()], [['restart n2 nb=102'], ['upgradeRestarts n2']])
    assert.deepEqual(one.kept()?.ordered, ['n2'])
    const plain = harness(begun(), running(calmView(), ['n2']))
    assert.deepEqual(plain.asked(), ['restart n3 nb=3'], 'without one it runs what is installed')
  })

  test('with a conversion a node that refused, or was not heard, is asked again for whatever runs there then; one that obeyed is not', () => {
    const again = (view: ClusterView) => withNode(view, 'n2', { servers: view.nodes.find(({ name }) => name === 'n2')!.servers.map(server => ({ ...server, pid: 202 })) })
    const refused = harness(begun(undefined, { nb: 'abc' }), running(calmView()))
    refused.end(1_000, 'nb is being changed (start)')
    refused.see(again(running(calmView())), 6_000)
    assert.deepEqual(refused.asked(), ['restart n2 nb=2', 'restart n2 nb=202'])
    const unheard = harness(begun(undefined, { nb: 'abc' }), running(calmView()))
    for (const atMs of [2_000, 17_001]) unheard.see(withNode(running(calmView()), 'n2', { reachable: false }), atMs)
    unheard.see(again(running(calmView())), 60_000)
    unheard.send({ type: 'resumeAsked', actor: 'ann', term: 7 }, 61_000)
    assert.deepEqual(unheard.asked(), ['restart n2 nb=2', 'restart n2 nb=202'])
    const obeyed = harness(begun(undefined, { nb: 'abc' }), running(calmView()))
    obeyed.end(1_000)
    obeyed.see(again(running(calmView())), 6_000)
    assert.deepEqual(obeyed.asked(), ['restart n2 nb=2', 'restart n3 nb=3'])
  })

  test('in a cut-over backups follow nobody until the active is converted, and then all of them have to', () => {
    const alone = (view: ClusterView, name: string) => withNode(view, name, { following: null, ineligible: { node: name, code: 'notFollowing', message: `${name} has another schema` } })
    const one = harness(begun(undefined, { nb: 'abc' }, 'ahead'))
    assert.deepEqual(one.asked(), ['restart n2 nb=2'])
    one.end(1_000)
    one.see(alone(running(calmView(), ['n2']), 'n2'), 3_000)
    assert.deepEqual(one.asked().slice(1), ['restart n3 nb=3'])
    one.end(4_000)
    const converted = alone(alone(running(calmView(), ['n2', 'n3']), 'n2'), 'n3')
    one.see(converted, 6_000)
    assert.deepEqual(one.asked().slice(2), ['convert n1'])
    one.end(7_000)
    assert.equal(one.kept()?.cutOver, 'done')
    one.see(converted, 9_000)
    assert.equal(one.state().upgrade?.stage, 'running', 'nobody follows yet')
    one.see(running(calmView(), ['n2', 'n3']), 12_000)
    assert.equal(one.state().upgrade?.stage, 'done')
    assert.equal(one.asked().length, 3, 'who served goes on serving')
  })

  test('it is shown step by step, also by who only follows', () => {
    const steps = (upgrade: Upgrade, view: ClusterView) => viewUpgrade({ upgrade, asked: null }, view).upgrade?.steps.map(({ action, node, state }) => `${action} ${node} ${state}`)
    assert.deepEqual(steps(begun(), running(calmView(), ['n2'])), ['restart n2 done', 'restart n3 waiting', 'switchover n1 waiting', 'restart n1 waiting'])
    assert.deepEqual(steps(begun(), running(servedBy('n3'), ['n2', 'n3'])), ['restart n2 done', 'restart n3 done', 'switchover n1 done', 'restart n1 waiting'])
    assert.equal(viewUpgrade({ upgrade: begun(), asked: null }, coming(running(calmView(), ['n2']), 'n2')).upgrade?.waitsFor, 'n2 copies')
    assert.deepEqual(viewUpgrade({ upgrade: null, asked: null }, calmView()), { upgrade: null })
  })
})
