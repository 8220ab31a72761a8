// The Prometheus rules and the Grafana dashboard as lists of queries, and what these name.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'yaml'

const DEPLOY = path.resolve(import.meta.dirname, '../../deploy')
export const RULES_FILE = path.join(DEPLOY, 'prometheus/ovsdb-ha.rules.yaml')
export const DASHBOARD_FILE = path.join(DEPLOY, 'grafana/ovsdb-ha.json')

export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface Query {
  /** The alert, or the panel. */
  readonly of: string
  readonly expr: string
}

export async function alertRules (): Promise<readonly AlertRule[]> {
  const { groups } = parse(await readFile(RULES_FILE, 'utf8')) as { readonly groups: ReadonlyArray<{ readonly rules: readonly AlertRule[] }> }
  return groups.flatMap(({ rules }) => rules)
}

interface Dashboard {
  readonly templating: { readonly list: ReadonlyArray<{ readonly type: string, readonly name: string, readonly definition?: string }> }
  readonly panels: ReadonlyArray<{ readonly id: number, readonly type: string, readonly title: string, readonly targets?: ReadonlyArray<{ readonly refId: string, readonly expr: string, readonly legendFormat: string }> }>
}

export async function dashboard (): Promise<Dashboard> {
  return JSON.parse(await readFile(DASHBOARD_FILE, 'utf8')) as Dashboard
}

/** Every query of the panels, with the variables as Grafana fills them in for all clusters. */
export async function dashboardQueries (): Promise<readonly Query[]> {
  const { panels } = await dashboard()
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ refId, expr }) => ({ of: `${title} (${refId})`, expr: expr.replaceAll('$cluster', '.*') })))
}

/** Names of our metrics in a query; those of a histogram's series are the histogram's, when `known` has it. */
export function metricsIn (expr: string, known: ReadonlySet<string>): readonly string[] {
  return [...expr.matchAll(/\bovsdb_ha_[a-z0-9_]+/g)].map(([name]) => {
    const base = name.replace(/_(bucket|sum|count)$/, '')
    return known.has(name) || !known.has(base) ? name : base
  })
}

/** Labels that a query matches, groups or joins by. */
export function labelsIn (expr: string): readonly string[] {
  const matched = [...expr.matchAll(/\{([^}]*)\}/g)].flatMap(([, inside = '']) => [...inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label))
  const grouped = [...expr.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)].flatMap(([, inside = '']) => inside.split(',').map(label => label.trim()))
  return [...matched, ...grouped]
}
