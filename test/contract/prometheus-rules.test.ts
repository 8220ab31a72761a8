// The alerts under promtool, with Prometheus' own evaluation: each one fires where it should and keeps quiet where it should not.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { execa } from 'execa'
import { stringify } from 'yaml'
import { alertRules, dashboardQueries, RULES_FILE, type AlertRule } from '../deploy/queries.ts'
import { ALERT_CASES, type AlertCase } from './alert-cases.ts'

const TIMEOUT_MS = 300_000
let directory = ''
before(async () => { directory = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-rules-')) })
after(() => rm(directory, { recursive: true, force: true }))

async function promtool (...args: readonly string[]): Promise<{ readonly exitCode: number | undefined, readonly output: string }> {
  const { exitCode, all } = await execa('promtool', args, { stdin: 'ignore', all: true, timeout: TIMEOUT_MS, reject: false })
  return { exitCode, output: all }
}

/** Annotations as Prometheus fills them in. */
function filledIn (text: string, labels: AlertCase['labels']): string {
  return text.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_all, label: string) => labels[label] ?? '')
}

function groupOf ({ alert, labels: own, annotations }: AlertRule, { series, labels, at }: AlertCase, fires: boolean) {
  const expected = { exp_labels: { ...own, ...labels }, exp_annotations: Object.fromEntries(Object.entries(annotations).map(([key, text]) => [key, filledIn(text, labels)])) }
  return {
    name: `${alert} ${fires ? 'fires' : 'keeps quiet'}`,
    interval: '15s',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [{ alertname: alert, eval_time: at, exp_alerts: fires ? [expected] : [] }]
  }
}

async function testRules (name: string, groups: readonly unknown[], every = '30s') {
  const file = path.join(directory, `${name}.yaml`)
  await writeFile(file, stringify({ rule_files: [RULES_FILE], evaluation_interval: every, tests: groups }))
  return await promtool('test', 'rules', file)
}

test('promtool finds nothing in the rules', async () => {
  const { exitCode, output } = await promtool('check', 'rules', RULES_FILE)
  assert.equal(exitCode, 0, output)
  assert.match(output, /SUCCESS: \d+ rules found/)
})

test('each alert fires in what it is about, with these labels and words, and keeps quiet in what is well', async () => {
  const rules = await alertRules()
  assert.deepEqual(Object.keys(ALERT_CASES).sort(), rules.map(({ alert }) => alert).sort(), 'every alert has its cases, and no other')
  const groups = (long: boolean) => rules.filter(rule => /h$/.test(rule.for ?? '') === long).flatMap(rule => {
    const { fires, quiet } = ALERT_CASES[rule.alert]!
    return [groupOf(rule, fires, true), ...quiet.map(one => groupOf(rule, { labels: {}, ...one }, false))]
  })
  for (const { exitCode, output } of [await testRules('short', groups(false)), await testRules('long', groups(true), '5m')]) assert.equal(exitCode, 0, output)
})

test('a test of a rule that should fail does: promtool is not merely silent', async () => {
  const [rule] = await alertRules()
  assert.ok(rule !== undefined)
  const { exitCode, output } = await testRules('wrong', [groupOf(rule, ALERT_CASES[rule.alert]!.fires, false)])
  assert.notEqual(exitCode, 0, output)
})

test('every query of the dashboard is one that Prometheus understands', async () => {
  const file = path.join(directory, 'dashboard.yaml')
  const rules = (await dashboardQueries()).map(({ expr }, index) => ({ record: `dashboard_query_${index}`, expr }))
  await writeFile(file, stringify({ groups: [{ name: 'dashboard', rules }] }))
  const { exitCode, output } = await promtool('check', 'rules', file)
  assert.equal(exitCode, 0, output)
  assert.ok(output.includes(`SUCCESS: ${rules.length} rules found`), output)
})
