import assert from 'node:assert/strict'
import { access, readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { alertRules, dashboard, dashboardQueries, labelsIn, metricsIn, type Query } from '../../../deploy/queries.ts'
import { agentMetrics, controllerMetrics } from '../../../deploy/registries.ts'

const ROOT = path.resolve(import.meta.dirname, '../../../..')
/** Whoever scrapes adds them; `le` is a histogram's. */
const GIVEN_LABELS = ['job', 'instance', 'le']

const all = [...agentMetrics(), ...controllerMetrics()]
const names = new Set(all.map(({ name }) => name))

function unknownNames (queries: readonly Query[]): readonly string[] {
  return queries.flatMap(({ of, expr }) => metricsIn(expr, names).filter(name => !names.has(name)).map(name => `${of}: no registry has ${name}`))
}

function unknownLabels (queries: readonly Query[]): readonly string[] {
  return queries.flatMap(({ of, expr }) => {
    const here = new Set(metricsIn(expr, names))
    const known = new Set([...GIVEN_LABELS, ...all.filter(({ name }) => here.has(name)).flatMap(({ labels }) => labels)])
    return labelsIn(expr).filter(label => !known.has(label)).map(label => `${of}: none of its metrics has the label ${label}`)
  })
}

test('a query that names what no registry has is found', () => {
  assert.deepEqual(unknownNames([{ of: 'x', expr: 'max by (cluster) (ovsdb_ha_actives{cluster="a"})' }]), ['x: no registry has ovsdb_ha_actives'])
  assert.deepEqual(unknownNames([{ of: 'x', expr: 'ovsdb_ha_term_bucket' }]), [], 'a series of a histogram goes by its base; whether it is one is seen by promtool\'s tests and end to end')
  assert.deepEqual(unknownLabels([{ of: 'x', expr: 'max by (cluster, host) (ovsdb_ha_active_nodes{state="a"})' }]), ['x: none of its metrics has the label state', 'x: none of its metrics has the label host'])
})

test('every metric and label that an alert names is one that agents or controllers export', async () => {
  const queries = (await alertRules()).map(({ alert, expr }) => ({ of: alert, expr }))
  assert.ok(queries.length > 20)
  assert.deepEqual([...unknownNames(queries), ...unknownLabels(queries)], [])
  for (const { of, expr } of queries) assert.ok(metricsIn(expr, names).length > 0, `${of} names none of ours`)
})

test('every metric and label that the dashboard names is one that agents or controllers export', async () => {
  const queries = await dashboardQueries()
  assert.ok(queries.length > 30)
  assert.deepEqual([...unknownNames(queries), ...unknownLabels(queries)], [])
  const { panels, templating } = await dashboard()
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, 'panels have ids of their own')
  assert.deepEqual(unknownNames(templating.list.map(({ name, definition = '' }) => ({ of: name, expr: definition }))), [])
})

test('an alert says how bad it is, what happened, what that means, and has a page that names it', async () => {
  const list = await readFile(path.join(ROOT, 'docs/runbooks/README.md'), 'utf8')
  for (const { alert, labels, annotations } of await alertRules()) {
    assert.match(alert, /^OvsdbHa[A-Z]/)
    assert.ok(['info', 'warning', 'critical'].includes(labels.severity ?? ''), alert)
    for (const key of ['summary', 'description']) assert.ok((annotations[key] ?? '').length > 10, `${alert} has no ${key}`)
    const page = path.join(ROOT, annotations.runbook_url ?? '')
    assert.match(annotations.runbook_url ?? '', /^docs\/runbooks\/[a-z-]+\.md$|^docs\/runbooks\/README\.md$/, alert)
    await access(page)
    assert.ok((await readFile(page, 'utf8')).includes(alert), `${annotations.runbook_url} does not name ${alert}`)
    assert.ok(list.includes(`| \`${alert}\` | ${labels.severity} |`), `docs/runbooks/README.md does not list ${alert}`)
  }
})

test('agents and controllers share no name but those of a process: what a node says and what is believed of it are not added up', () => {
  const agents = new Set(agentMetrics().map(({ name }) => name))
  assert.deepEqual(controllerMetrics().map(({ name }) => name).filter(name => agents.has(name)).sort(), ['ovsdb_ha_build_info', 'ovsdb_ha_certificate_expiry_timestamp_seconds'])
})

test('metrics keep Prometheus\' conventions: _total on counters and nowhere else, base units, help, no label that the scraper sets, times and no ages', () => {
  for (const { name, help, type, labels } of all) {
    assert.equal(name.endsWith('_total'), type === 'counter', name)
    assert.match(name, /^ovsdb_ha_[a-z][a-z0-9_]*$/)
    assert.doesNotMatch(name, /_(ms|milliseconds|minutes|kb|kib|mb|mib|ago|age)(_|$)/, name)
    assert.match(help, /^[A-Z0-9].*\.$/s, `${name} has no sentence of help`)
    for (const label of labels) assert.ok(!['job', 'instance', 'le'].includes(label), `${name} has the label ${label}`)
  }
})
