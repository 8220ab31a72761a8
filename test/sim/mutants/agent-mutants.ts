// Mistakes in the agent's core: holder, voter, promotion, orders.
import type { Mutant } from './mutants.ts'

const LEASE = 'agent/core/lease.ts'
const ROUNDS = 'agent/core/rounds.ts'
const VOTER = 'agent/core/voter.ts'
const SERVING = 'agent/core/serving.ts'
const WATCH = 'agent/core/watch.ts'
const ORDERS = 'agent/core/orders.ts'
const UNIT = 'agent/core/unit.ts'

export const agentMutants: readonly Mutant[] = [
  {
    name: 'the lease is counted from the arrival of the grant',
    rule: 'S2',
    sentence: 'The grant came just now, so the lease begins now.',
    changes: [
      { file: LEASE, text: 'countGrant (config: LeaseConfig, lease: Lease, roundId: number, voter: string)', replacement: 'countGrant (config: LeaseConfig, lease: Lease, roundId: number, voter: string, nowMs: number)' },
      { file: LEASE, text: 'Math.max(lease.untilMs, round.sentAtMs + config.leaseMs)', replacement: 'Math.max(lease.untilMs, nowMs + config.leaseMs)' },
      { file: ROUNDS, text: 'countGrant(leaseConfig(config), lease, roundId, voter)', replacement: 'countGrant(leaseConfig(config), lease, roundId, voter, nowMs)' }
    ]
  },
  {
    name: 'a voter grants while the grant of another holder runs',
    rule: 'S2',
    sentence: 'The newer term is the right one, whatever was granted before. (The leader waits for the grants as well: see the mutant of S3.)',
    changes: [
      { file: VOTER, text: 'if (others.length > 0) {', replacement: 'if (false) {' },
      { file: 'controller/core/operation.ts', text: 'receivedAtMs + remainingMs + clockMarginMs(remainingMs)', replacement: 'receivedAtMs' }
    ]
  },
  {
    name: 'one grant is enough',
    rule: 'S2',
    sentence: 'A voter said yes.',
    changes: [{ file: LEASE, text: 'if (!isEnough(round.voters, counted.grantedBy, lease.without))', replacement: 'if (counted.grantedBy.length < 1)' }]
  },
  {
    name: 'half of the voters is a majority',
    rule: 'S2',
    sentence: 'Two of three rounded down.',
    changes: [{ file: 'protocol/cluster.ts', text: 'return Math.floor(voters / 2) + 1', replacement: 'return Math.floor(voters / 2)' }]
  },
  {
    name: 'grants of old rounds count for the newest',
    rule: 'S2',
    sentence: 'A grant is a grant.',
    changes: [{ file: LEASE, text: 'const round = lease.rounds.find(one => one.id === roundId)\n', replacement: 'const round = lease.rounds.at(-1)\n  roundId = round?.id ?? roundId\n' }]
  },
  {
    name: 'a voter grants a term older than the one it accepted',
    rule: 'S1',
    sentence: 'It was the holder a moment ago.',
    changes: [{ file: VOTER, text: 'if (request.term < record.term) return { voter, reply: refused(record, \'olderTerm\', 0), persist: false }', replacement: '' }]
  },
  {
    name: 'a voter accepts a term older than the one it accepted',
    rule: 'S1',
    sentence: 'Some controller wants it.',
    changes: [{ file: VOTER, text: 'if (request.term < record.term) return refuse(\'olderTerm\')', replacement: '' }]
  },
  {
    name: 'two holders in one term: the voter accepts a second one',
    rule: 'S1',
    sentence: 'The term is not older.',
    changes: [{ file: VOTER, text: 'return same ? accepted', replacement: 'return true ? accepted' }]
  },
  {
    name: 'two holders in one term: the voter grants to a second one',
    rule: 'S1',
    sentence: 'The term is not older.',
    changes: [{ file: VOTER, text: 'if (record.holder !== request.holder) return { voter, reply: refused(record, \'termTaken\', 0), persist: false }', replacement: '' }]
  },
  {
    name: 'a node is promoted in a term of another',
    rule: 'S1',
    sentence: 'The controller will know.',
    changes: [
      { file: ORDERS, text: 'order.term < voterSide.voter.record.term) return refuse', replacement: 'order.term < voterSide.voter.record.term - 1) return refuse' },
      { file: VOTER, text: 'if (request.term < record.term) return { voter, reply: refused(record, \'olderTerm\', 0), persist: false }', replacement: '' }
    ]
  },
  {
    name: 'a release is not stored by its holder',
    rule: 'S2',
    sentence: 'The others will remember it.',
    changes: [{ file: SERVING, text: '{ type: \'persist\', durable: { voter: own.voter.record, ownRelease } },', replacement: '' }]
  },
  {
    name: 'a restarted agent takes up a term that it released',
    rule: 'S2',
    sentence: 'Its voter still names it as the holder.',
    changes: [
      { file: WATCH, text: 'record.holder === config.node && record.released === null && record.term > state.ownRelease.term', replacement: 'record.holder === config.node' },
      { file: WATCH, text: 'const lost = notActive(config, state)\n  // a server', replacement: 'const lost = null\n  // a server' },
      { file: VOTER, text: 'if (record.released !== null) return { voter, reply: refused(record, \'released\', 0), persist: false }', replacement: '' }
    ]
  },
  {
    name: 'a restarted voter forgets its grants',
    rule: 'S3',
    sentence: 'It starts afresh.',
    changes: [
      { file: VOTER, text: 'if (record.term > 0 && record.released === null) grants.push', replacement: 'if (false) grants.push' },
      { file: VOTER, text: 'if (!record.clear) grants.push', replacement: 'if (false) grants.push' }
    ]
  },
  {
    name: 'a restarted voter forgets the grants of earlier terms',
    rule: 'S3',
    sentence: 'Only the present holder matters. (The leader waits for them too, so its wait is broken as well.)',
    changes: [
      { file: VOTER, text: 'if (!record.clear) grants.push', replacement: 'if (false) grants.push' },
      { file: 'controller/core/operation.ts', text: 'receivedAtMs + remainingMs + clockMarginMs(remainingMs)', replacement: 'receivedAtMs' }
    ]
  },
  {
    name: 'a voter answers before it has stored',
    rule: 'S1',
    sentence: 'The disk will follow.',
    changes: [{ file: UNIT, text: 'const actions: UnitAction[] = persist ? [', replacement: 'const actions: UnitAction[] = persist && false ? [' }]
  },
  {
    name: 'a voter accepts that a renewing holder is lost',
    rule: 'S1',
    sentence: 'The controller says it is lost.',
    changes: [
      { file: VOTER, text: 'if (renewing !== undefined) return refuse', replacement: 'if (false && renewing !== undefined) return refuse' },
      { file: 'controller/core/decide.ts', text: 'if (silent.length < needed) {', replacement: 'if (false) {' }
    ]
  },
  {
    name: 'the slack of the guard is not declared',
    rule: 'S4',
    sentence: 'The lease is what counts.',
    changes: [{ file: ROUNDS, text: 'holdMs: holdMsOf(config.timing.leaseMs, config.slackMs),', replacement: 'holdMs: holdMsOf(config.timing.leaseMs, 0),' }]
  },
  {
    name: 'the servers are promoted before the lease is held',
    rule: 'S4',
    sentence: 'It saves a round trip.',
    changes: [
      { file: WATCH, text: 'if (isHeld(phase.lease, nowMs) && settled) return', replacement: 'if (phase.lease.rounds.length > 0 && settled) return' },
      { file: SERVING, text: 'invariant(isHeld(lease, nowMs), \'a promotion begins only under an unexpired lease (S2)\')', replacement: '' },
      { file: SERVING, text: 'invariant(isHeld(lease, nowMs), \'a gate opens only under an unexpired lease (S4)\')', replacement: '' },
      { file: WATCH, text: 'if (nowMs >= lease.untilMs - STOP_BEFORE_MS) return beginStop', replacement: 'if (lease.untilMs > 0 && nowMs >= lease.untilMs - STOP_BEFORE_MS) return beginStop' }
    ]
  },
  {
    name: 'serving goes on after the lease ended',
    rule: 'S2',
    sentence: 'The next renewal will come.',
    changes: [
      { file: WATCH, text: 'if (nowMs >= lease.untilMs - STOP_BEFORE_MS) return beginStop(', replacement: 'if (false) return beginStop(' },
      { file: ROUNDS, text: 'extendGuard\', untilMs: lease.untilMs,', replacement: 'extendGuard\', untilMs: lease.untilMs + 5_000,' }
    ]
  },
  {
    name: 'the term is given back before anything was shut',
    rule: 'S4',
    sentence: 'The gates are being closed already.',
    changes: [{ file: SERVING, text: 'return [enter(next, stopping, nowMs), [{ type: \'stopServing\', op, kill }]]', replacement: 'return finishStop(config, enter(next, stopping, nowMs), stopping as never, \'closed\', nowMs)' }]
  },
  {
    name: 'neither gates nor guard are closed',
    rule: 'S4',
    sentence: 'Demotion makes the servers read-only.',
    changes: [
      { file: SERVING, text: 'return [enter(next, stopping, nowMs), [{ type: \'stopServing\', op, kill }]]', replacement: 'return finishStop(config, enter(next, stopping, nowMs), stopping as never, \'closed\', nowMs)' },
      { file: WATCH, text: 'if (phase.type === \'backup\' && (active || gateOpen)) {', replacement: 'if (false) {' }
    ]
  },
  {
    name: 'a server that promoted itself stays active',
    rule: 'S5',
    sentence: 'It says that it is active.',
    changes: [{ file: WATCH, text: 'if (phase.type === \'backup\' && (active || gateOpen)) {', replacement: 'if (phase.type === \'backup\' && gateOpen) {' }]
  },
  {
    name: 'a gate left open is not closed',
    rule: 'S5',
    sentence: 'Nobody gets through the guard.',
    changes: [{ file: WATCH, text: 'if (phase.type === \'backup\' && (active || gateOpen)) {', replacement: 'if (phase.type === \'backup\' && active && !gateOpen) {' }]
  },
  {
    name: 'a follow order of an old term is obeyed',
    rule: 'S1',
    sentence: 'It is only a backup.',
    changes: [{ file: ORDERS, text: 'order.term < voterSide.voter.record.term) return refuse', replacement: 'order.type !== \'follow\' && order.term < voterSide.voter.record.term) return refuse' }]
  },
  {
    name: 'a failed promotion is not undone',
    rule: 'S8',
    sentence: 'The other server works.',
    changes: [{ file: SERVING, text: 'if (error !== null) return beginStop(config, { ...state, phase: { ...phase, asked } }, \'promotionFailed\', error, nowMs)\n', replacement: '' }]
  },
  {
    name: 'a promotion that was undone is answered as done',
    rule: 'S8',
    sentence: 'The order was carried out as far as it went.',
    changes: [{ file: SERVING, text: '...answer(phase.asked, `${phase.reason}: ${phase.detail}`),', replacement: '...answer(phase.asked, null),' }]
  },
  {
    name: 'an incomplete copy is promoted',
    rule: 'S6',
    sentence: 'Better than nothing.',
    changes: [
      { file: ORDERS, text: 'if (!complete && !force) return', replacement: 'if (false) return' },
      { file: 'controller/core/candidate.ts', text: 'if (cut !== undefined) return { node, code: \'incomplete\'', replacement: 'if (false && cut !== undefined) return { node, code: \'incomplete\'' }
    ]
  },
  {
    name: 'a copy of what the source once wrote is included in it, whatever reign it serves in',
    rule: 'S7',
    sentence: 'It wrote these rows itself, so it has them.',
    changes: [{ file: 'protocol/rescue-proof.ts', text: 'source.position.term === term && source.position.sequence >= sequence', replacement: 'true' }]
  },
  {
    name: 'a complete copy has nothing of its own',
    rule: 'S7',
    sentence: 'It came from another node, and was whole.',
    changes: [{ file: 'protocol/rescue-proof.ts', text: 'const sameReign = writer === source.node && writer !== node && source.position.writer === writer && source.position.term === term && source.position.sequence >= sequence', replacement: 'const sameReign = true || term === 0 || sequence === 0' }]
  }
]
