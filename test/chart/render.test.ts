// Every file of ci/: clean for helm lint, sound for Kubernetes, and a cluster.yaml that agents and controllers accept.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { parseConfig } from '../../protocol/config.ts'
import { configDigest } from '../../protocol/config-digest.ts'
import { runCli } from '../unit/cli/cli-fixture.ts'
import { KUBERNETES_SCHEMAS, lint, refusal, render, skipWithoutHelm, valuesFiles } from './helm.ts'
import { readSchemas } from './kubernetes.ts'

const CUSTOM = ['Certificate', 'PodMonitor', 'PrometheusRule', 'ServiceMonitor']

describe('the chart, rendered by Helm', { skip: skipWithoutHelm }, async () => {
  const files = await valuesFiles()
  const directory = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-chart-'))
  after(async () => await rm(directory, { recursive: true }))

  test('helm lint --strict finds nothing, with the defaults and with every file of ci/', async () => {
    for (const file of [null, ...files]) assert.equal(await lint(file), null, file ?? 'the defaults')
  })

  test('the defaults install nothing, and say what is missing', async () => {
    assert.match(await refusal(null) ?? '', /nodes and clusters are empty/)
  })

  test('every manifest is one of Kubernetes, key by key', async () => {
    const validate = await readSchemas(KUBERNETES_SCHEMAS)
    for (const file of files) {
      const manifests = await render(file)
      assert.ok(manifests.length >= 5, file)
      for (const manifest of manifests) {
        const problems = validate(manifest)
        if (CUSTOM.includes(manifest.kind)) assert.equal(problems, null)
        else assert.deepEqual(problems, [], file)
      }
    }
  })

  test('the schemas find a key that is not there, one of a wrong type, and one that is missing', async () => {
    const validate = await readSchemas(KUBERNETES_SCHEMAS)
    const [sound] = (await render('three-nodes-values.yaml')).filter(({ kind }) => kind === 'DaemonSet')
    assert.ok(sound !== undefined)
    const { template } = sound.spec
    for (const spec of [{ ...sound.spec, replicas: 3 }, { ...sound.spec, minReadySeconds: 'soon' }, { template }]) assert.notDeepEqual(validate({ ...sound, spec }), [])
  })

  test('names are unique, and every object says whose it is', async () => {
    for (const file of files) {
      const manifests = await render(file)
      const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
      assert.deepEqual(names, [...new Set(names)], file)
      for (const { metadata } of manifests) assert.equal(metadata.labels['app.kubernetes.io/instance'], 'ha', `${file}: ${metadata.name}`)
    }
  })

  test('agents and controllers accept every cluster.yaml without a problem, and agree on its clusters', async () => {
    for (const file of files) {
      const texts = (await render(file)).filter(({ kind }) => kind === 'ConfigMap').flatMap(({ data }) => Object.entries(data as Record<string, string>)).filter(([name]) => name.endsWith('.yaml') && !name.startsWith('patch'))
      const digests: string[] = []
      for (const [name, text] of texts) {
        await writeFile(path.join(directory, name), text)
        const checked = await runCli(['config', 'check', path.join(directory, name)])
        assert.equal(checked.code, 0, `${file}: ${checked.err}\n${text}`)
        digests.push(parseConfig(text, name).config?.clusters.map(configDigest).join() ?? 'none')
      }
      assert.ok(digests.length > 0, file)
      assert.equal(new Set(digests).size, 1, file)
    }
  })
})
