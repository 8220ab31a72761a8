import type { Paint } from '../../cli/render/style.ts'
import { table } from '../../cli/render/table.ts'
import { paragraph } from '../../cli/render/wrap.ts'
import type { Findings } from './campaign.ts'

export interface CampaignReport extends Findings {
  readonly campaign: string
  readonly proves: string
  readonly ovs: string
  readonly seed: number
  readonly processors: number
  readonly architecture: string
  /** Node.js that ran the product. */
  readonly node: string
  readonly tookSeconds: number
}

export function renderReport ({ campaign, proves, ovs, seed, processors, architecture, node, tookSeconds, figures, violations }: CampaignReport, paint: Paint): readonly string[] {
  return [
    paint('strong', `${campaign}, Open vSwitch ${ovs}, seed ${seed}, ${Math.round(tookSeconds)} s on ${processors} processors (${architecture}), Node.js ${node}`),
    ...paragraph(proves, ''),
    '',
    ...table([{ title: 'WHAT', columnsMax: 60 }, { title: 'FIGURE', columnsMax: 16, align: 'right' }], Object.entries(figures).map(([name, value]) => [{ text: name }, { text: shown(value), tone: 'strong' as const }]), paint, '  '),
    '',
    ...violations.length === 0 ? [paint('good', 'No violation.')] : violations.flatMap(violation => paragraph(`VIOLATION: ${violation}`, '', '  '))
  ]
}

function shown (value: number | string): string {
  if (typeof value === 'string') return value
  return Number.isInteger(value) ? String(value) : value.toFixed(2)
}
