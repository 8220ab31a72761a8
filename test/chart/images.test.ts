// What the chart runs inside of containers must be in the images, which have Node.js, our program, and no shell.
import assert from 'node:assert/strict'
import { access, readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { CHART, ROOT } from './generated.ts'
import { KUBERNETES_SCHEMAS, one, render, skipWithoutHelm, valuesFiles, type Manifest } from './helm.ts'
import { readSchemas } from './kubernetes.ts'

const IN_IMAGE = '/opt/ovsdb-ha'
const NODE = `${IN_IMAGE}/bin/node`
const SCRIPTS = '/etc/ovsdb-ha/scripts/'
const SHELL = /(^|\/)(ba|da|a|z|k)?sh$/

interface Place {
  readonly where: string
  readonly container: any
}

async function ourContainers (): Promise<readonly Place[]> {
  const places: Place[] = []
  for (const file of await valuesFiles()) {
    const manifests = await render(file)
    const pods = manifests.map(manifest => ({ name: `${file}: ${manifest.metadata.name}`, pod: manifest.kind === 'Pod' ? manifest.spec : manifest.spec?.template?.spec }))
    const patches = manifests.filter(({ metadata }) => metadata.name.endsWith('-sidecar')).map(({ metadata, data }) => ({ name: `${file}: ${metadata.name}`, pod: parse(data['patch.yaml']).spec.template.spec }))
    for (const { name, pod } of [...pods, ...patches]) {
      for (const container of [...pod?.initContainers ?? [], ...pod?.containers ?? []]) if (container.image.startsWith('ovsdb-ha-')) places.push({ where: `${name}: ${container.name}`, container })
    }
  }
  return places
}

/** What the kubelet runs in a container that runs: it expands no variable that refers to something. */
function commandsInside ({ startupProbe, livenessProbe, readinessProbe, lifecycle }: any): ReadonlyArray<readonly string[]> {
  return [startupProbe, livenessProbe, readinessProbe, lifecycle?.preStop, lifecycle?.postStart].flatMap(handler => handler?.exec === undefined ? [] : [handler.exec.command])
}

/** Those of a container that replaces the image's entry point too. */
const commandsOf = (container: any): ReadonlyArray<readonly string[]> => [...(container.command === undefined ? [] : [[...container.command, ...container.args ?? []]]), ...commandsInside(container)]

describe('what the chart runs is in the images', { skip: skipWithoutHelm }, () => {
  test('no container of ours runs a shell, or any other program than Node.js with a file that is there', async () => {
    const places = await ourContainers()
    assert.ok(places.length >= 15, `${places.length} containers`)
    for (const { where, container } of places) {
      for (const [program, file, ...rest] of commandsOf(container)) {
        assert.deepEqual([program, ...rest.filter(word => SHELL.test(word))], [NODE], where)
        if (file?.startsWith(`${IN_IMAGE}/`) === true) await access(path.join(ROOT, path.relative(IN_IMAGE, file)))
        else assert.ok(file?.startsWith(SCRIPTS), `${where}: ${file}`)
      }
    }
  })

  test('every script is one of the ConfigMap, and its arguments are the program and seconds', async () => {
    const known = Object.keys(one(await render('three-nodes-values.yaml'), 'ConfigMap', '-scripts').data)
    const used = new Set<string>()
    for (const { where, container } of await ourContainers()) {
      for (const [, file = '', main, seconds] of commandsOf(container)) {
        if (!file.startsWith(SCRIPTS)) continue
        used.add(file.slice(SCRIPTS.length))
        assert.ok(known.includes(file.slice(SCRIPTS.length)), `${where}: ${file}`)
        assert.equal(main, `${IN_IMAGE}/cli/main.ts`)
        assert.match(seconds ?? '', /^[1-9]\d*$/, where)
      }
    }
    assert.deepEqual([...used].sort(), [...known].sort(), 'and none is there for nothing')
  })

  test('daemons are started by the image\'s own entry point, with arguments that it takes', async () => {
    const containerfile = await readFile(path.join(ROOT, 'deploy/image/Containerfile'), 'utf8')
    const entryPoints = [...containerfile.matchAll(/^ENTRYPOINT (\[.*\])$/gm)].map(([, words = '']) => JSON.parse(words) as readonly string[])
    assert.deepEqual(entryPoints.map(words => words.slice(-2)), [[NODE, `${IN_IMAGE}/cli/main.ts`], [NODE, `${IN_IMAGE}/cli/main.ts`]])
    for (const { where, container } of await ourContainers()) {
      if (container.command !== undefined) continue
      const role = container.image.startsWith('ovsdb-ha-agent') ? 'agent' : 'controller'
      assert.deepEqual(container.args.slice(0, 2), [role, '--config'], where)
    }
  })

  test('probes and hooks refer to no variable: Kubernetes puts nothing in its place there', async () => {
    for (const { where, container } of await ourContainers()) for (const words of commandsInside(container)) assert.ok(!words.some(word => word.includes('$(')), `${where}: ${words.join(' ')}`)
  })

  test('every file below /etc/ovsdb-ha that a container is told of is mounted there', async () => {
    for (const { where, container } of await ourContainers()) {
      const mounted: readonly string[] = container.volumeMounts.map(({ mountPath }: any) => mountPath)
      const told = JSON.stringify([container.args, commandsOf(container), container.env]).matchAll(/\/etc\/ovsdb-ha\/[^\s"]+/g)
      for (const [file] of told) assert.ok(mounted.some(place => file === place || file.startsWith(`${place}/`)), `${where}: ${file}`)
    }
  })

  test('what the notes have people run in a container is there', async () => {
    const notes = await readFile(path.join(CHART, 'templates/NOTES.txt'), 'utf8')
    const programs = [...notes.matchAll(/ exec .* -- (\S+) (\S+)/g)].map(([, program, file]) => [program, file])
    assert.deepEqual(programs, [[NODE, `${IN_IMAGE}/cli/main.ts`]])
  })

  test('the example of a workload is one of Kubernetes, has what the sidecar\'s patch mounts, and its servers outlive the hand-over', async () => {
    const validate = await readSchemas(KUBERNETES_SCHEMAS)
    const manifests = parseAllDocuments(await readFile(path.join(CHART, 'examples/ovn-control-plane.yaml'), 'utf8'), { version: '1.1' }).map(document => document.toJS() as Manifest)
    for (const manifest of manifests) assert.deepEqual(validate(manifest), [])
    const pod = one(manifests, 'DaemonSet').spec.template.spec
    const { spec: { template: { spec: patch } } } = parse(one(await render('sidecar-values.yaml'), 'ConfigMap', '-sidecar').data['patch.yaml'])
    const volumes: readonly string[] = [...pod.volumes, ...patch.volumes].map(({ name }: any) => name)
    for (const { name } of patch.containers[0].volumeMounts) assert.ok(volumes.includes(name), name)
    const hook = patch.containers[0].lifecycle.preStop.exec.command
    for (const { name, lifecycle } of pod.containers) {
      const [, seconds] = /seq (\d+)/.exec(lifecycle?.preStop?.exec?.command?.at(-1) ?? '') ?? []
      assert.equal(seconds, hook.at(-1), `${name} waits as long as the hand-over may take`)
    }
  })
})
