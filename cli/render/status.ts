import type { ClusterView, NodeView } from '../../protocol/api.ts'
import type { DiagnosisView } from '../../protocol/diagnosis.ts'
import { plannedInWords } from './planned.ts'
import { preferenceInWords } from './preference.ts'
import { operationTitle } from './waterfall.ts'
import type { Paint, Tone } from './style.ts'
import { table, type Cell } from './table.ts'
import { duration, instant } from './time.ts'
import { paragraph } from './wrap.ts'

const STATE_TONES: Record<ClusterView['state'], Tone> = { starting: 'warning', serving: 'good', changing: 'warning', holding: 'bad', unknown: 'bad' }

/** One cluster in plain words: what it does, what stands in the way, and one row per node. */
export function renderStatus (view: ClusterView, paint: Paint): readonly string[] {
  return [...renderSummary(view, paint), '', ...renderNodes(view, paint)]
}

function renderSummary (view: ClusterView, paint: Paint): readonly string[] {
  const [first = '', ...rest] = paragraph(`${view.name}: ${view.state}. ${view.summary}`, '', '  ')
  const head = `${view.name}: ${view.state}`
  const lines = [first.startsWith(head) ? `${paint('strong', view.name)}: ${paint(STATE_TONES[view.state], view.state)}${first.slice(head.length)}` : first, ...rest]
  const { paused, hold, operation, automaticFailover, recoveries } = view
  const toned = (tone: Tone | null, text: string, indent = '  ') => paragraph(text, indent, `${indent}  `).map(line => tone === null ? line : paint(tone, line))

  lines.push(...followsInWords(view.controller).flatMap(text => toned('warning', text)))
  if (paused !== null) lines.push(...toned('warning', `PAUSED by ${paused.by} since ${instant(paused.at)}${paused.reason === '' ? '' : `: ${paused.reason}`}. Nothing is decided until it is resumed; renewals go on.`))
  if (hold !== null) {
    const said = view.summary.includes(hold.message)
    lines.push(...toned('bad', said ? `HOLDING (${hold.code})` : `HOLDING (${hold.code}): ${hold.message}`))
    for (const { node, code, message } of hold.refused) lines.push(...toned(null, `${node} refused (${code}): ${message}`, '    '))
  }
  if (operation !== null) lines.push(...toned('warning', `${operation.outcome === 'running' ? 'RUNNING' : 'LAST'}: ${operationTitle(operation)}, because ${operation.trigger}`))
  for (const { address, holders } of view.endpoints) {
    lines.push(...toned(holders.length === 1 ? null : 'bad', `endpoint ${address}: ${holders.length === 0 ? 'held by no node' : `held by ${holders.join(' AND ')}`}`))
  }
  lines.push(...toned(automaticFailover.possible ? null : 'warning', `automatic failover: ${automaticFailover.possible ? 'yes' : 'NO'}${automaticFailover.why === '' ? '' : `, ${automaticFailover.why}`}`))
  for (const { term, at, failed, to, why, lockedOutUntil } of recoveries.open) {
    lines.push(...toned('warning', `failover ${term} at ${instant(at)} from ${failed} to ${to}: ${why}${lockedOutUntil === null ? '' : `; ${failed} is not preferred until ${instant(lockedOutUntil)}`}`))
  }
  if (recoveries.open.length > 0) {
    const { usedFailovers, limitFailovers, freeAt } = recoveries
    lines.push(...toned(freeAt === null ? null : 'bad', `${usedFailovers} of ${limitFailovers} automatic failovers of an hour are used${freeAt === null ? '' : `: none before ${instant(freeAt)}`}; ovsdb-ha acknowledge ${view.name} [--failover ID] counts them no more`))
  }
  if (view.configDiffers !== null) lines.push(...toned('bad', `CONFIGURATIONS DIFFER: ${view.configDiffers}`))
  for (const { name, preference } of view.nodes) if (preference !== null) lines.push(...toned(preference.preference === 'prefer' ? null : 'warning', preferenceInWords(name, preference)))
  for (const { name, rescues } of view.nodes) {
    if (rescues !== null && rescues.unacknowledgedFiles > 0) lines.push(...toned('warning', `rescues: ${rescues.unacknowledgedFiles} on ${name} that nobody has acknowledged may hold lost writes: ovsdb-ha rescue list`))
  }
  for (const { job, at, outcome, message } of view.schedules) lines.push(...toned('warning', `${job} ${outcome} (${instant(at)}): ${message}. See ovsdb-ha schedules`))
  for (const one of view.planned) lines.push(...toned('warning', `planned: ${plannedInWords(one)}`))
  lines.push(`  term: ${view.term}`)
  for (const diagnosis of view.diagnoses) lines.push(...toned('warning', diagnosisInWords(diagnosis, view)))
  return lines
}

/** Whoever leads needs no word of it. */
function followsInWords ({ name, leads, leader }: ClusterView['controller']): readonly string[] {
  if (leads) return []
  if (leader === null) return [`answered by ${name}, which does not lead this cluster; who does is not known: nothing is decided until one leads`]
  return [`answered by ${name}, which follows ${leader.name}${leader.url === null ? '' : ` (${leader.url})`}`]
}

/** Its name and its page; in words only what the page does not say already. */
function diagnosisInWords ({ name, node, message, runbook, evidence }: DiagnosisView, view: ClusterView): string {
  const said = [view.hold?.message ?? '', ...view.nodes.flatMap(one => [one.summary, ...one.problems.map(problem => problem.message), ...one.servers.flatMap(server => [server.reason, server.incompleteReason].map(reason => `${server.name}: ${reason ?? ''}`)), one.ineligible?.message ?? ''])]
  const isSaid = (text: string) => said.some(known => known.includes(text))
  const known = isSaid(message) || (evidence.length > 0 && evidence.every(({ saw }) => isSaid(saw)))
  return `diagnosis: ${name}${node === null ? '' : ` on ${node}`}${known ? '' : `: ${message.replace(/\.$/, '')}`}. See docs/runbooks/${runbook}`
}

function renderNodes (view: ClusterView, paint: Paint): readonly string[] {
  if (view.nodes.length === 0) return ['  no nodes']
  return table([
    { title: 'NODE', columnsMax: 16 },
    { title: 'ROLE', columnsMax: 10 },
    { title: 'HEALTH', columnsMax: 14 },
    { title: 'FOLLOWS', columnsMax: 12 },
    { title: 'LAG', columnsMax: 8, align: 'right' },
    { title: 'TERM', columnsMax: 8, align: 'right' },
    { title: 'WHAT IT DOES, AND WHAT IS WRONG', columnsMax: 100 }
  ], view.nodes.map(nodeRow), paint, '  ')
}

function nodeRow (node: NodeView): readonly Cell[] {
  const stale = (text: string): Cell => node.reachable ? { text } : { text: text === '-' || text.endsWith('?') ? text : `${text}?`, tone: 'quiet' }
  return [
    { text: node.name, tone: 'strong' },
    node.reachable && node.role === 'active' ? { text: node.role, tone: 'good' } : stale(node.reachable ? node.role : node.role === 'none' ? '?' : `${node.role}?`),
    health(node),
    stale(node.following ?? '-'),
    stale(node.lagHeartbeats === null || !node.reachable ? '-' : String(node.lagHeartbeats)),
    stale(String(node.term)),
    news(node)
  ]
}

/** Only a node that reports has a health; the servers' is as good as the worst of them. */
function health ({ reachable, servers }: NodeView): Cell {
  if (!reachable) return { text: 'unreachable', tone: 'bad' }
  if (servers.length === 0) return { text: '-' }
  const ill = servers.filter(server => server.health !== 'up')
  if (ill.length === 0) return { text: 'up', tone: 'good' }
  return { text: ill.map(server => `${server.name} ${server.health}`).join(', '), tone: ill.every(server => server.health === 'busy') ? 'warning' : 'bad' }
}

/** The node's own summary, then whatever it does not say already. */
function news (node: NodeView): Cell {
  const { reachable, lastReportAgoMs, summary, servers, problems, ineligible } = node
  const parts: string[] = []
  const reasons: string[] = []
  const isTold = (reason: string) => parts.some(part => part.includes(reason)) || reasons.some(known => reason.includes(known))
  const add = (text: string, reason = text) => {
    if (text !== '' && !isTold(reason)) parts.push(text)
    if (reason !== '') reasons.push(reason)
  }
  // the summary of a node that is not reachable says so, and since when
  parts.push(summary !== '' || reachable ? summary : lastReportAgoMs === null ? 'never reported' : `no report for ${duration(lastReportAgoMs)}`)
  for (const server of servers) if (server.health !== 'up' && server.reason !== null) add(`${server.name}: ${server.reason}`, server.reason)
  for (const server of servers) if (!server.complete && server.incompleteReason !== null) add(`${server.name} is incomplete: ${server.incompleteReason}`, server.incompleteReason)
  for (const { server, message } of problems) add(server === null ? message : `${server}: ${message}`, message)
  if (node.fence.problem !== null) parts.push(`its fence device cannot be relied on: ${node.fence.problem}`)
  if (ineligible !== null && reachable && node.role === 'backup') parts.push(isTold(ineligible.message) ? 'cannot be promoted' : `cannot be promoted: ${ineligible.message}`)
  const troubled = problems.length > 0 || node.fence.problem !== null || !reachable || servers.some(server => server.health !== 'up' || !server.complete)
  return { text: parts.filter(part => part !== '').join('; '), ...(troubled ? { tone: 'warning' as const } : {}) }
}
