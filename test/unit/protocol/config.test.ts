import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { ConfigError } from '../../../protocol/config-errors.ts'
import { parseConfig, requireConfig } from '../../../protocol/config.ts'
import { fileWith } from '../../config-fixture.ts'

const EXAMPLES = new URL('../../../docs/examples/', import.meta.url)
const GUIDE = new URL('../../../docs/guide/', import.meta.url)

test('all problems are told at once, of text, shape and sense, in the order of the file', () => {
  const text = `version: 1
nodes:
  - {name: ctl1, adress: 10.0.0.11}
  - {name: ctl1, address: 10.0.0.12}
tls: {certificate: /c, privateKey: /k, caCertificate: ca}
clusters:
  - name: a
    name: ovn
    nodes: [ctl1, ctl9]
    servers:
      - {name: nb, database: OVN_Northbound, listen: {method: tcp, port: 66410}}
    endpoints: [{type: vip, interface: eth0, addresses: [10.0.0.12/24]}]
    timing: {lease: 1s, hungAfter: soon}
`
  const { problems } = parseConfig(text, 'cluster.yaml')
  assert.deepEqual(problems?.map(({ line, path, message }) => `${line} ${path}: ${message}`), [
    '3 nodes[0].address: is missing',
    '3 nodes[0].adress: unknown key',
    '4 nodes[1].name: is the name of another node too (nodes[0].name); capitals do not count',
    '5 tls.caCertificate: does not have the allowed form',
    '8 clusters[0].name: key "name" is written twice',
    '9 clusters[0].nodes[1]: there is no node ctl9 in the list of nodes',
    '11 clusters[0].servers[0].listen.port: is too large',
    '12 clusters[0].endpoints[0].addresses[0]: is the node ctl1\'s own address (nodes[1].address): backups replicate from there, and an endpoint moves (S5)',
    '13 clusters[0].timing.renewEvery: 500ms (its default) must be at most a third of lease (1s): two lost renewals in a row must not end the lease',
    '13 clusters[0].timing.hungAfter: does not have the allowed form'
  ])
})

test('an empty file, a text, a list and a number are refused as a whole, with what is allowed', () => {
  for (const text of ['', '# nothing\n', 'hello\n', '- 1\n', '7\n', 'null\n']) {
    const { problems } = parseConfig(text, 'cluster.yaml')
    assert.deepEqual(problems?.map(({ path }) => path), [''], JSON.stringify(text))
    assert.match(problems?.[0]?.allowed ?? '', /a mapping with the keys version, nodes/)
  }
})

test('a file of another version is refused', () => {
  assert.deepEqual(parseConfig(fileWith({ version: 2 }), 'f').problems?.map(({ path, allowed }) => [path, allowed]), [['version', '1']])
})

test('garbage in any place is a problem and never an exception', () => {
  for (const key of ['nodes', 'nodes.0', 'agent', 'controller', 'controller.store', 'controller.tokens', 'tls', 'insecure', 'clusters', 'clusters.0', 'clusters.0.nodes', 'clusters.0.networks',
    'clusters.0.servers', 'clusters.0.servers.0', 'clusters.0.servers.0.listen', 'clusters.0.servers.0.run', 'clusters.0.servers.0.run.program', 'clusters.0.servers.0.tls',
    'clusters.0.endpoints', 'clusters.0.endpoints.0', 'clusters.0.endpoints.0.addresses', 'clusters.0.timing', 'clusters.0.guard', 'clusters.0.rescue']) {
    for (const value of [null, 7, '', [], [null], [[]], { a: { b: 1 } }, -1.5, Number.NaN]) {
      const { problems, config } = parseConfig(fileWith({ [key]: value }), 'cluster.yaml')
      // an empty list of tokens is what a file without tokens means
      if (key === 'controller.tokens' && Array.isArray(value) && value.length === 0) assert.ok(config !== undefined)
      else assert.ok((problems?.length ?? 0) > 0, `${key}: ${JSON.stringify(value)}`)
    }
  }
})

test('a program that cannot do without gets the configuration, or an error with every problem', () => {
  assert.equal(requireConfig(fileWith({}), 'f').config.clusters.length, 1)
  assert.throws(() => requireConfig(fileWith({ version: 2, bogus: 1 }), 'f'), (error: unknown) => error instanceof ConfigError && error.problems.length === 2)
})

for (const [example, members] of [
  ['ovn-three-nodes.yaml', ['ctl1', 'ctl2', 'ctl3']], ['vtep-pair-with-witness.yaml', ['leaf1a', 'leaf1b', 'witness']], ['three-controllers.yaml', ['ctl1', 'ctl2', 'ctl3']], ['ovn-behind-haproxy.yaml', ['ctl1', 'ctl2', 'ctl3']]
] as const) {
  test(`the example ${example} is sound, without a warning`, async () => {
    const { config, problems, warnings } = parseConfig(await readFile(new URL(example, EXAMPLES), 'utf8'), example)
    assert.deepEqual([problems, warnings], [undefined, []])
    assert.deepEqual(config?.clusters[0]?.members.map(member => member.name), members)
  })
}

test('the example of three controllers names the others with their addresses, and a majority of three Redis', async () => {
  const { controller } = requireConfig(await readFile(new URL('three-controllers.yaml', EXAMPLES), 'utf8'), 'f').config
  assert.deepEqual(controller.others, [{ name: 'ctl-b', url: 'https://10.0.0.12:8640' }, { name: 'ctl-c', url: 'https://10.0.0.13:8640' }])
  assert.equal(controller.store.type === 'redis' ? controller.store.servers.length : 0, 3)
})

test('what the OVN example shows as defaults are the defaults', async () => {
  const shown = parseConfig(await readFile(new URL('ovn-three-nodes.yaml', EXAMPLES), 'utf8'), 'f').config?.clusters[0]
  const plain = requireConfig(fileWith({}), 'f').config.clusters[0]
  assert.deepEqual([shown?.servers, shown?.timing, shown?.guard, shown?.rescue], [plain?.servers, plain?.timing, plain?.guard, plain?.rescue])
})

test('the file that the guide has operators type is sound, and gives no warning', async () => {
  const page = await readFile(new URL('three-nodes-systemd.md', GUIDE), 'utf8')
  const [, text = ''] = /^cat > \/etc\/ovsdb-ha\/cluster\.yaml <<'END'\n([\s\S]*?)^END$/m.exec(page) ?? []
  const { config, warnings } = requireConfig(text, 'three-nodes-systemd.md')
  assert.deepEqual(config.clusters.map(({ name, members }) => [name, members.length]), [['ovn', 3]])
  assert.deepEqual(warnings, [])
})

test('what the guide shows of the file has no unknown key and no value of a wrong form', async () => {
  let shown = 0
  for (const file of (await Array.fromAsync(glob('../{guide/*,migration-from-pacemaker}.md', { cwd: EXAMPLES }))).toSorted()) {
    for (const [, text = ''] of (await readFile(new URL(file, EXAMPLES), 'utf8')).matchAll(/^```yaml\n((?:nodes|agent|controller|tls|clusters):\n[\s\S]*?)^```/gm)) {
      shown += 1
      const { problems } = parseConfig(`version: 1\n${text}`, file)
      assert.deepEqual(problems?.filter(({ message }) => /unknown|allowed form|too large|too small|written twice/.test(message)).map(({ path, message }) => `${file} ${path}: ${message}`) ?? [], [])
    }
  }
  assert.ok(shown >= 5, `${shown} blocks`)
})
