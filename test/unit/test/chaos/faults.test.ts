import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import { drawRound, FAULT_KINDS, kindsOf, FAULT_MAX_MS, HEAVY_OPEN_MAX, isHeavy, LEASE_MS, OPEN_MAX, ROUND_MS, type Layout, type PlannedFault } from '../../../chaos/faults.ts'

const LAYOUT: Layout = { nodes: ['a', 'b', 'w'], dataNodes: ['a', 'b'], controllers: ['ctl'], redis: [], kinds: kindsOf(FAULT_KINDS, { redis: [] }) }
const SHARED: Layout = { ...LAYOUT, controllers: ['ctl', 'ctl2', 'ctl3'], redis: ['r1', 'r2', 'r3'], kinds: FAULT_KINDS }
const SEEDS = Array.from({ length: 40 }, (_, seed) => seed)
const all = SEEDS.flatMap(seed => drawRound(LAYOUT, seed, 0))
const shared = SEEDS.flatMap(seed => [0, 1].flatMap(round => drawRound(SHARED, seed, round)))

describe('the schedule of faults', () => {
  test('is the same for the same seed and round, and another one for another seed or round', () => {
    assert.deepEqual(drawRound(LAYOUT, 7, 3), drawRound(LAYOUT, 7, 3))
    const drawn = [drawRound(LAYOUT, 7, 3), drawRound(LAYOUT, 7, 4), drawRound(LAYOUT, 8, 3)].map(round => JSON.stringify(round))
    assert.equal(new Set(drawn).size, 3)
  })

  test('has at least ten faults in each minute, a round with its healing taken for one', () => {
    const sizes = SEEDS.map(seed => drawRound(LAYOUT, seed, 1).length)
    assert.ok(Math.min(...sizes) >= 8, `the smallest round has ${Math.min(...sizes)}`)
    assert.ok(sizes.reduce((sum, size) => sum + size, 0) / sizes.length >= 12)
  })

  test('keeps within the budget: so many faults at one time, fewer that take a node out, none for ever', () => {
    const overlap = (faults: readonly PlannedFault[], fault: PlannedFault) => faults.filter(one => one.atMs <= fault.atMs && fault.atMs < one.atMs + one.durationMs)
    for (const seed of SEEDS) {
      const faults = drawRound(LAYOUT, seed, 2)
      for (const fault of faults) {
        assert.ok(overlap(faults, fault).length <= OPEN_MAX)
        assert.ok(overlap(faults.filter(isHeavy), fault).length <= HEAVY_OPEN_MAX)
        assert.ok(fault.atMs < ROUND_MS && fault.durationMs <= FAULT_MAX_MS)
      }
    }
  })

  test('has faults that overlap, shorter and longer than the lease, and every kind in the end', () => {
    assert.ok(all.some(fault => fault.durationMs > 0 && fault.durationMs < LEASE_MS / 2))
    assert.ok(all.some(fault => fault.durationMs > LEASE_MS))
    assert.ok(SEEDS.some(seed => drawRound(LAYOUT, seed, 0).some((fault, index, faults) => faults.slice(0, index).some(one => one.atMs + one.durationMs > fault.atMs))))
    assert.deepEqual([...new Set(all.map(({ kind }) => kind))].toSorted(), LAYOUT.kinds.toSorted())
    assert.deepEqual([...new Set(shared.map(({ kind }) => kind))].toSorted(), FAULT_KINDS.toSorted())
  })

  test('has only the kinds that were asked for', () => {
    const kinds = ['diskFull', 'cut'] as const
    assert.deepEqual([...new Set(SEEDS.flatMap(seed => drawRound({ ...LAYOUT, kinds }, seed, 0)).map(({ kind }) => kind))].toSorted(), ['cut', 'diskFull'])
  })

  test('hits each of several controllers and Redis, and the leader more than its share', () => {
    const victims = (kinds: RegExp) => [...new Set(shared.filter(({ kind }) => kinds.test(kind)).map(({ victim }) => victim))].toSorted()
    assert.deepEqual(victims(/^controller(Kill|Stop|Cut|Restart)$/), ['ctl', 'ctl2', 'ctl3', 'leader'])
    assert.deepEqual(victims(/^redis/), ['r1', 'r2', 'r3'])
    const controllers = shared.filter(({ kind }) => /^controller(Kill|Stop|Cut|Restart)$/.test(kind))
    assert.ok(controllers.filter(({ victim }) => victim === 'leader').length > controllers.length / 3)
  })

  test('hits servers and disks only where there are some, and controllers where they are', () => {
    for (const { kind, victim } of all) {
      if (/^(server|disk|replication|compact)/.test(kind)) assert.ok(['a', 'b', 'active', 'backup'].includes(victim), `${kind} of ${victim}`)
      if (kind.startsWith('controller')) assert.equal(victim, 'ctl')
      assert.ok(!/^(redis|store)/.test(kind), `${kind} without a Redis`)
    }
  })
})
