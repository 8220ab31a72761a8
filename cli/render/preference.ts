import type { PreferenceView } from '../../protocol/preference.ts'
import { instant } from './time.ts'

const WORDS: Readonly<Record<PreferenceView['preference'], string>> = {
  prefer: 'is preferred among nodes with the same data',
  avoid: 'is avoided while another node has the same data',
  never: 'is never promoted, but by a forced failover'
}

export function preferenceInWords (node: string, { preference, by, at, until, reason }: PreferenceView): string {
  return `${node} ${WORDS[preference]} (${preference}, by ${by} since ${instant(at)}${until === null ? '' : `, until ${instant(until)}`}${reason === '' ? '' : `: ${reason}`})`
}
