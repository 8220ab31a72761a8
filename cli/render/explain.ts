import type { ExplainReply } from '../../protocol/api.ts'
import type { Explanation } from '../../protocol/explain.ts'
import type { Paint, Tone } from './style.ts'
import { table } from './table.ts'
import { duration, instant } from './time.ts'
import { operationTitle } from './waterfall.ts'
import { paragraph } from './wrap.ts'

const VERDICT_TONES: Record<Explanation['candidates'][number]['verdict'], Tone> = { chosen: 'good', active: 'good', eligible: 'quiet', refused: 'warning' }

/** One decision: what it was, the rules with what they came from, what was known of each node, and each candidate. */
export function renderExplanation ({ id, explanation, operation }: ExplainReply, paint: Paint): readonly string[] {
  const { cluster, at, what, rules, inputs, candidates, diagnoses } = explanation
  const title = paragraph(`${cluster}, ${instant(at, 'milliseconds')}${id === null ? '' : ` (history ${id})`}: ${what}`, '', '  ')
  return [
    ...title.map((line, index) => index === 0 ? paint('strong', line) : line),
    ...(operation === null ? [] : paragraph(`${operationTitle(operation)}: ${operation.detail}`, '  ', '    ')),
    ...rules.flatMap(({ rule, says, because }) => [...paragraph(`${rule}: ${says}`, '  ', '    '), ...paragraph(`here: ${because}`, '    ', '      ')]),
    ...(diagnoses.length === 0 ? [] : paragraph(`diagnoses: ${diagnoses.join(', ')}`, '  ', '    ')),
    '',
    ...paragraph(inputsInWords(inputs), '  '),
    '',
    ...nodes(inputs, paint),
    '',
    ...table([
      { title: 'CANDIDATE', columnsMax: 16 },
      { title: 'VERDICT', columnsMax: 10 },
      { title: 'CODE', columnsMax: 18 },
      { title: 'WHY', columnsMax: 100 }
    ], candidates.map(({ node, verdict, code, why }) => [{ text: node, tone: 'strong' }, { text: verdict, tone: VERDICT_TONES[verdict] }, { text: code ?? '-' }, { text: why }]), paint, '  ')
  ]
}

function inputsInWords ({ controller, leading, paused, term, holder, released, lastServed, remembered, voters }: Explanation['inputs']): string {
  return [
    `${controller} ${leading ? 'leads' : 'does not lead'}${paused ? ', and the cluster is paused' : ''}.`,
    term === 0 ? 'No term was ever taken.' : `The highest term is ${term} of ${holder ?? 'nobody'}, ${released ? 'given back' : 'not given back'}.`,
    lastServed === null ? 'Nobody ever served.' : `${lastServed.holder} may have served last, in term ${lastServed.term}${remembered === null ? '' : `; ${remembered.active} was seen at heartbeat ${remembered.sequence} of term ${remembered.term}`}.`,
    `${voters.answeringNodes} of ${voters.allNodes} voters answer, ${voters.neededNodes} are needed.`
  ].join(' ')
}

function nodes ({ nodes }: Explanation['inputs'], paint: Paint): readonly string[] {
  return table([
    { title: 'NODE', columnsMax: 16 },
    { title: 'HEARD', columnsMax: 14 },
    { title: 'PHASE', columnsMax: 11 },
    { title: 'TERM', columnsMax: 12, align: 'right' },
    { title: 'POSITION', columnsMax: 14, align: 'right' },
    { title: 'FOLLOWS', columnsMax: 12 },
    { title: 'SAW RENEW', columnsMax: 100 }
  ], nodes.map(({ node, heardAgoMs, reachable, phase, term, holder, position, following, complete, renewals }) => [
    { text: node, tone: 'strong' },
    { text: heardAgoMs === null ? 'never' : `${duration(heardAgoMs)}${reachable ? '' : ', lost'}`, ...(reachable ? {} : { tone: 'bad' as const }) },
    { text: phase ?? '-' },
    { text: holder === null ? String(term) : `${term} ${holder}` },
    { text: position === null ? '-' : `${position.term}.${position.sequence}${complete ? '' : ' cut'}` },
    { text: following ?? '-' },
    { text: renewals.length === 0 ? '-' : renewals.map(({ holder: seen, term: of, agoMs }) => `${seen ?? 'unknown'} in term ${of}, ${duration(agoMs)} before`).join('; ') }
  ]), paint, '  ')
}
