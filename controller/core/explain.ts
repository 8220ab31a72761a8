// Why the leader does what it does: the inputs, the rule and the candidates, from the same functions that decide. Kept
// with a decision in the history, so that it can be told long after.
import type { Explanation } from '../../protocol/explain.ts'
import { candidates } from './candidate.ts'
import { diagnose } from './diagnoses.ts'
import { clipped } from './diagnosis.ts'
import { HOLDS } from './hold-rules.ts'
import { dataNodes, highestTerm, isFresh, lastServed, positionOf, releaseOf, servingReport } from './knowledge.ts'
import { wishedOf } from './preference.ts'
import { RULES, type RuleName } from './rules.ts'
import type { ClusterState, CoreConfig, Operation } from './state.ts'
import { freshVoters, voterList, voterQuorum } from './voters.ts'
import { operationInWords, type WallOf } from './view.ts'

type Told = Pick<Explanation, 'decision' | 'what' | 'rules'>
type Candidate = Explanation['candidates'][number]

/** Older grants than the newest few say nothing. */
const RENEWALS_MAX = 4

export function explain (config: CoreConfig, state: ClusterState, nowMs: number, wallOf: WallOf): Explanation {
  return {
    cluster: config.cluster.name,
    at: wallOf(nowMs),
    ...decisionOf(config, state, nowMs),
    inputs: inputsOf(config, state, nowMs),
    candidates: state.operation === null ? standing(config, state, nowMs) : chosen(config, state, state.operation, nowMs),
    diagnoses: diagnose(config, state, nowMs).map(({ name, node }) => node === null ? name : `${name} ${node}`)
  }
}

function decisionOf (config: CoreConfig, state: ClusterState, nowMs: number): Told {
  if (state.operation !== null) return { decision: 'operation', what: operationInWords(state.operation), rules: rulesOf(state.operation) }
  if (!state.leading) return { decision: 'none', what: `${config.controller} does not lead this cluster and decides nothing`, rules: [] }
  const active = servingReport(config, state, nowMs)
  if (active !== null) {
    const pause = state.paused === null ? [] : [rule('S10', `${state.paused.by} paused the cluster: ${state.paused.reason}`)]
    return { decision: 'serving', what: `${active.node} serves, and nothing is to be decided`, rules: [rule('S2', `${active.node} reports a lease of term ${active.lease.term} that runs`), ...pause] }
  }
  const { hold } = state
  if (hold === null) return { decision: 'none', what: `${config.controller} has not looked yet`, rules: [] }
  return { decision: 'hold', what: `nothing is done (${hold.code})`, rules: [rule(HOLDS[hold.code].rule, hold.message)] }
}

const DECIDED_BY: Readonly<Record<Operation['reason'], RuleName>> = {
  firstStart: 'S6', released: 'S2', lost: 'S1', switchover: 'S6', forced: 'S6', reasserted: 'S1', voters: 'S11'
}

/** What allowed it, why this node, and what it waits for before it promotes. */
function rulesOf (operation: Operation): Told['rules'] {
  const { reason, trigger, why, failed, to, term, stage } = operation
  const undone = failed.length === 0 ? [] : [rule('S8', `${failed.join(' and ')} could not be promoted and gave the term back`)]
  const wait = stage.type === 'takingTerm' ? `term ${term} is taken for ${to}; it is promoted when a majority has accepted it and every grant that may run has run out, was given back, or is of a node that is off` : null
  return [rule(DECIDED_BY[reason], trigger), ...undone, rule('S6', why), ...(wait === null ? [] : [rule('S3', wait)])]
}

function rule (name: RuleName, because: string): Told['rules'][number] {
  return { rule: name, says: RULES[name], because: clipped(because) }
}

function inputsOf (config: CoreConfig, state: ClusterState, nowMs: number): Explanation['inputs'] {
  const { term, holder } = highestTerm(state)
  const last = lastServed(state)
  return {
    controller: config.controller,
    leading: state.leading,
    paused: state.paused !== null,
    term,
    holder,
    released: holder !== null && releaseOf(state, holder, term) !== null,
    lastServed: last === null ? null : { holder: last.holder, term: last.term },
    remembered: state.memory === null ? null : { active: state.memory.active, term: state.memory.term, sequence: state.memory.sequence },
    voters: {
      answeringNodes: freshVoters(config, state, nowMs).length,
      neededNodes: voterQuorum(config, state),
      allNodes: voterList(config, state).names.length
    },
    nodes: config.cluster.members.map(({ name, witness }) => {
      const agent = state.agents[name]
      const report = agent?.report ?? null
      const grants = (report?.voter.grants ?? []).toSorted((a, b) => a.renewedAgoMs - b.renewedAgoMs).slice(0, RENEWALS_MAX)
      return {
        node: name,
        witness,
        heardAgoMs: report === null ? null : Math.round(nowMs - (agent?.receivedAtMs ?? nowMs)),
        reachable: isFresh(config, agent, nowMs),
        phase: report?.phase ?? null,
        term: report?.voter.term ?? 0,
        holder: report?.voter.holder ?? null,
        position: report === null ? null : positionOf(report),
        following: report?.following ?? null,
        complete: report !== null && report.servers.every(server => server.complete),
        renewals: grants.map(grant => ({ holder: grant.holder, term: grant.term, agoMs: Math.round(grant.renewedAgoMs) }))
      }
    })
  }
}

/** Who would be taken if somebody had to be. */
function standing (config: CoreConfig, state: ClusterState, nowMs: number): Candidate[] {
  const active = servingReport(config, state, nowMs)
  const { eligible, refused } = candidates(config, state, [], nowMs)
  return [
    ...(active === null ? [] : [{ node: active.node, verdict: 'active' as const, code: null, why: `serves in term ${active.lease.term}` }]),
    ...eligible.filter(({ node }) => node !== active?.node).map(({ node }, index): Candidate => ({ node, verdict: 'eligible', code: null, why: (index === 0 ? 'could take over, and comes first' : `could take over, as number ${index + 1}`) + wishedOf(state, node, [], nowMs) })),
    ...refused.filter(({ node }) => node !== active?.node).map(({ node, code, message }): Candidate => ({ node, verdict: 'refused', code, why: clipped(message) }))
  ]
}

function chosen (config: CoreConfig, state: ClusterState, { to, why, refused, from }: Operation, nowMs: number): Candidate[] {
  const serves = servingReport(config, state, nowMs)?.node ?? null
  const others = dataNodes(config).map(({ name }) => name).filter(name => name !== to && !refused.some(({ node }) => node === name))
  return [
    { node: to, verdict: 'chosen', code: null, why: clipped(why) },
    ...others.map((node): Candidate => node === from && node === serves
      ? { node, verdict: 'active', code: null, why: 'serves, and hands over' }
      : { node, verdict: 'eligible', code: null, why: `could take over too; ${to} comes first${wishedOf(state, node, [], nowMs)}` }),
    ...refused.map(({ node, code, message }): Candidate => ({ node, verdict: 'refused', code, why: clipped(message) }))
  ]
}
