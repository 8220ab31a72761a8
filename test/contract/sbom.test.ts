// deploy/image/sbom.mjs on a small root file system: it names what is there, each once, and fails where something cannot be told.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { execa } from 'execa'
import { packagesIn, parseSbom } from '../deploy/sbom.ts'

const PROGRAM = path.resolve(import.meta.dirname, '../../deploy/image/sbom.mjs')
const TIMEOUT_MS = 60_000

const FILES: Readonly<Record<string, string>> = {
  'opt/ovsdb-ha/package.json': '{"name":"ovsdb-ha","version":"1.2.3"}',
  'opt/ovsdb-ha/node_modules/plain/package.json': '{"name":"plain","version":"1.0.0","license":"MIT"}',
  'opt/ovsdb-ha/node_modules/plain/node_modules/nested/package.json': '{"name":"nested","version":"2.0.0-rc.1+build","license":"(MIT OR Apache-2.0)"}',
  'opt/ovsdb-ha/node_modules/nested/package.json': '{"name":"nested","version":"1.0.0","license":"SEE LICENSE IN LICENSE"}',
  'opt/ovsdb-ha/node_modules/plain/node_modules/@scope/one/package.json': '{"name":"@scope/one","version":"3.0.0","license":"ISC"}',
  'opt/ovsdb-ha/node_modules/@scope/one/package.json': '{"name":"@scope/one","version":"3.0.0","license":"ISC"}',
  // what is built of a package says what kind of modules it has, and is no package
  'opt/ovsdb-ha/node_modules/plain/esm/package.json': '{"name":"plain-esm","version":"9.9.9","type":"module"}',
  'opt/ovsdb-ha/node_modules/@scope/package.json': '{"name":"nobody","version":"9.9.9"}',
  'usr/lib/os-release': 'NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="12"\n',
  'var/lib/dpkg/status.d/libc6': 'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\nVersion: 2.36-9+deb12u10\n',
  'var/lib/dpkg/status.d/libc6.md5sums': '0123456789abcdef0123456789abcdef  lib/libc.so.6\n',
  'var/lib/dpkg/status.d/libstdc++6': 'Package: libstdc++6\nArchitecture: amd64\nVersion: 1:12.2.0~rc1-14\n'
}

async function sbomOf (t: TestContext, changes: Readonly<Record<string, string | null>> = {}) {
  const root = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-sbom-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  for (const [file, text] of Object.entries({ ...FILES, ...changes })) {
    if (text === null) continue
    await mkdir(path.dirname(path.join(root, file)), { recursive: true })
    await writeFile(path.join(root, file), text)
  }
  const { exitCode, stderr } = await execa(process.execPath, [PROGRAM, 'agent', root], { reject: false, timeout: TIMEOUT_MS, stdin: 'ignore' })
  return { exitCode, stderr, text: await readFile(path.join(root, 'usr/share/ovsdb-ha/sbom.cdx.json'), 'utf8').catch(() => null) }
}

test('it names Node.js, every npm package and every Debian package with its version, and nothing else', async t => {
  const { exitCode, stderr, text } = await sbomOf(t)
  assert.equal(exitCode, 0, stderr)
  const sbom = parseSbom(text ?? '')
  assert.deepEqual(packagesIn(sbom, 'generic'), [`node@${process.versions.node}`])
  assert.deepEqual(packagesIn(sbom, 'npm'), ['@scope/one@3.0.0', 'nested@1.0.0', 'nested@2.0.0-rc.1+build', 'plain@1.0.0'])
  assert.deepEqual(packagesIn(sbom, 'deb'), ['libc6@2.36-9+deb12u10', 'libstdc++6@1:12.2.0~rc1-14'])
  assert.equal(sbom.components.length, 7)
  assert.deepEqual(sbom.metadata.component, { type: 'container', 'bom-ref': 'ovsdb-ha-agent', name: 'ovsdb-ha-agent', version: '1.2.3' })
})

test('packages are named as scanners look for them, with their licences', async t => {
  const sbom = parseSbom((await sbomOf(t)).text ?? '')
  const found = Object.fromEntries(sbom.components.map(({ purl, licenses }) => [purl, licenses?.[0]]))
  assert.deepEqual(found, {
    [`pkg:generic/node@${process.versions.node}`]: { license: { id: 'MIT' } },
    'pkg:npm/%40scope/one@3.0.0': { license: { id: 'ISC' } },
    'pkg:npm/nested@1.0.0': { license: { name: 'SEE LICENSE IN LICENSE' } },
    'pkg:npm/nested@2.0.0-rc.1%2Bbuild': { expression: '(MIT OR Apache-2.0)' },
    'pkg:npm/plain@1.0.0': { license: { id: 'MIT' } },
    'pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12': undefined,
    'pkg:deb/debian/libstdc%2B%2B6@1%3A12.2.0~rc1-14?arch=amd64&distro=debian-12': undefined
  })
})

test('where a kind of package is missing, or one cannot be told, there is no bill', async t => {
  const none = (...names: readonly string[]) => Object.fromEntries(Object.keys(FILES).filter(file => names.some(name => file.includes(name))).map(file => [file, null]))
  for (const [changes, words] of [
    [{ ...none('node_modules/'), 'opt/ovsdb-ha/node_modules/.bin/node': '' }, /0 npm and 2 Debian packages/],
    [{ ...none('status.d/'), 'var/lib/dpkg/status.d/libc6.md5sums': '' }, /5 npm and 0 Debian packages/],
    [{ 'var/lib/dpkg/status.d/libc6': 'Package: libc6\n' }, /no package is described by: Package: libc6/]
  ] as const) {
    const { exitCode, stderr, text } = await sbomOf(t, changes)
    assert.equal(exitCode, 1)
    assert.match(stderr, words)
    assert.equal(text, null)
  }
})

test('the form that is asked for sees what is wrong', async t => {
  const text = (await sbomOf(t)).text ?? ''
  for (const [from, to] of [['"1.5"', '"1.9"'], ['"library"', '"parcel"'], ['"purl": "pkg:npm/', '"purl": "npm:'], ['"id": "ISC"', '"id": "mine"'], ['"purl"', '"url"'], ['"bom-ref": "pkg:npm/plain@1.0.0"', '"bom-ref": "pkg:npm/nested@1.0.0"']] as const) {
    assert.ok(text.includes(from), from)
    assert.throws(() => parseSbom(text.replace(from, to)), TypeError, `${from} to ${to}`)
  }
})
