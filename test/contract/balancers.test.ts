// The delivered files of HAProxy and keepalived, read by HAProxy and keepalived: as they are, and as the testbed runs them.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { execa } from 'execa'
import { HAPROXY_FILE, haproxyConfig, KEEPALIVED_FILE, keepalivedConfig } from '../testbed/balancers.ts'
import { balancersOf, planTestbed } from '../testbed/plan.ts'

const PLAN = planTestbed(0, { nodes: '3', controllers: 1, redis: 0, balancers: true })
const TIMEOUT_MS = 30_000

/** In a network of its own that has the interface which the files name. */
async function run (program: string, ...args: readonly string[]) {
  const script = 'ip link add eth0 type veth peer name eth1 && ip link set eth0 up && exec "$@"'
  const { exitCode, all } = await execa('unshare', ['--net', 'sh', '-c', script, 'sh', program, ...args], { reject: false, timeout: TIMEOUT_MS, all: true, env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` } })
  return { exitCode, words: String(all) }
}

describe('the files for load balancers', () => {
  let directory: string
  before(async () => { directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-balancers-')) })
  after(() => rm(directory, { recursive: true, force: true }))

  async function fileOf (text: string): Promise<string> {
    const file = join(directory, 'file')
    await writeFile(file, text, { mode: 0o600 })
    return file
  }

  test('HAProxy takes its file without a warning, as it is delivered and as the testbed runs it', async () => {
    const delivered = await readFile(HAPROXY_FILE, 'utf8')
    for (const text of [delivered, haproxyConfig(delivered, PLAN)]) {
      const { exitCode, words } = await run('haproxy', '-c', '-f', await fileOf(text))
      assert.equal(exitCode, 0, words)
      assert.doesNotMatch(words, /warning|alert/i)
    }
  })

  test('keepalived takes its file, as it is delivered and as each load balancer of the testbed runs it', async () => {
    const delivered = await readFile(KEEPALIVED_FILE, 'utf8')
    for (const text of [delivered, ...balancersOf(PLAN).map(host => keepalivedConfig(delivered, PLAN, host))]) {
      const { exitCode, words } = await run('keepalived', '--config-test', '--use-file', await fileOf(text))
      assert.equal(exitCode, 0, words)
    }
  })

  test('both refuse a file with an unknown word, so that their consent says something', async () => {
    const haproxy = (await readFile(HAPROXY_FILE, 'utf8')).replaceAll('on-marked-down', 'on-marked-odd')
    assert.notEqual((await run('haproxy', '-c', '-f', await fileOf(haproxy))).exitCode, 0)
    const keepalived = (await readFile(KEEPALIVED_FILE, 'utf8')).replaceAll('virtual_router_id', 'virtual_rooter_id')
    assert.notEqual((await run('keepalived', '--config-test', '--use-file', await fileOf(keepalived))).exitCode, 0)
  })
})
