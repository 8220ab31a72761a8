import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { execa } from 'execa'
import type { ControllerApiOptions } from '../../../controller/api/api.ts'
import { historyEntry } from '../../contract/store-fixtures.ts'
import { memoryCluster, NoCandidateError, setUpApi, TOKENS } from '../controller/api/api-fixture.ts'
import { clusterView, explanation, operationView, preview } from '../controller/api/views.ts'
import { assertFailed, runCli, type CommandOptions } from './cli-fixture.ts'

async function setUp (t: TestContext, over: Partial<ControllerApiOptions> = {}) {
  const api = await setUpApi(t, over)
  const server = await api.app.listen({ host: '127.0.0.1', port: 0 })
  return { ...api, server, cli: (args: readonly string[], options: CommandOptions = {}) => runCli(args, { server, ...options }) }
}

const two = () => ({ clusters: new Map([['ovn', memoryCluster()], ['vtep', memoryCluster({ name: 'vtep' })]]) })

describe('status', () => {
  test('shows every cluster, or the named one', async t => {
    const { cli } = await setUp(t, two())
    const all = await cli(['status'])
    assert.equal(all.code, 0)
    assert.match(all.out, /^ovn: serving\..*\n[^]*\n\nvtep: serving\./)
    const one = await cli(['status', 'vtep'])
    assert.match(one.out, /^vtep: serving\./)
    assert.doesNotMatch(one.out, /ovn: /)
  })

  test('as JSON is what the API says', async t => {
    const { cli, cluster } = await setUp(t)
    assert.deepEqual(JSON.parse((await cli(['status', 'ovn', '-o', 'json'])).out), cluster.view())
    assert.deepEqual(JSON.parse((await cli(['status', '-o', 'json'])).out), { clusters: [cluster.view()] })
  })

  test('--watch shows each change, says when the controller is gone and how old the page is, and finds it again', async t => {
    const { cli, cluster, app, server } = await setUp(t)
    const interrupt = new AbortController()
    let again: Awaited<ReturnType<typeof setUpApi>> | undefined
    const steps: Array<{ readonly seen: RegExp, readonly act: () => unknown }> = [
      { seen: /ovn: serving/, act: () => { cluster.change({ state: 'holding', summary: 'Nobody serves.' }) } },
      { seen: /ovn: holding\. Nobody serves\./, act: () => app.close() },
      {
        seen: /CONTROLLER UNREACHABLE: .*\nWhat follows is [\d.]+ m?s old; the clusters serve without a controller\.\n\novn: holding/,
        async act () {
          again = await setUpApi(t)
          again.cluster.change({ summary: 'Back again.' })
          await again.app.listen({ host: '127.0.0.1', port: Number(new URL(server).port) })
        }
      },
      { seen: /ovn: serving\. Back again\./, act: () => { interrupt.abort() } }
    ]
    const guard = setTimeout(() => { interrupt.abort() }, 15_000)
    const outcome = await cli(['status', '--watch'], {
      interrupted: interrupt.signal,
      onOut (all) {
        const [step] = steps
        if (step === undefined || !step.seen.test(all)) return
        steps.shift()
        step.act()
      }
    })
    clearTimeout(guard)
    assert.equal(outcome.code, 0, outcome.err)
    assert.equal(steps.length, 0, `not seen: ${String(steps[0]?.seen)} in\n${outcome.out}`)
  })

  test('--watch as JSON is one line per change', async t => {
    const { cli, cluster } = await setUp(t)
    const interrupt = new AbortController()
    const outcome = await cli(['status', '--watch', '-o', 'json'], {
      interrupted: interrupt.signal,
      onOut (all) {
        if (!all.includes('\n')) cluster.change({ term: 8 })
        else interrupt.abort()
      }
    })
    assert.deepEqual(outcome.out.split('\n').map(line => JSON.parse(line).term), [7, 8])
  })
})

describe('voters', () => {
  test('add and remove pass on the node and the reason, and say who votes then; show says it too', async t => {
    const { cli, cluster } = await setUp(t)
    assert.match((await cli(['voters', 'add', 'n4', '--reason', 'new rack'])).out, /^ovn: n1, n2, n3 vote \(generation 1\)/)
    assert.equal((await cli(['voters', 'remove', 'n3', '--cluster', 'ovn'])).code, 0)
    assert.match((await cli(['voters', 'show'])).out, /^ovn: n1, n2, n3 vote \(generation 1\)/)
    assert.deepEqual(cluster.calls, [['changeVoters', 'add', 'n4', { reason: 'new rack' }, 'local'], ['changeVoters', 'remove', 'n3', {}, 'local']])
  })

  test('a change without a node is a usage error', async t => {
    const { cli } = await setUp(t)
    assertFailed(await cli(['voters', 'add']), 2, /node/)
  })
})

describe('quorum force', () => {
  test('passes on who is left, the confirmation and the reason', async t => {
    const { cli, cluster } = await setUp(t)
    assert.match((await cli(['quorum', 'force', 'n1', 'n2', '--confirm', 'ovn', '--reason', 'fire'])).out, /^ovn: .* by force/)
    assert.deepEqual(cluster.calls, [['forceQuorum', { voters: ['n1', 'n2'], confirm: 'ovn', reason: 'fire' }, 'local']])
  })

  test('without a confirmation, or with another name, nothing is asked of the cluster', async t => {
    const { cli, cluster } = await setUp(t)
    assertFailed(await cli(['quorum', 'force', 'n1', '--reason', 'fire']), 2, /--confirm/)
    assertFailed(await cli(['quorum', 'force', 'n1', '--confirm', 'y', '--reason', 'fire']), 1, /not the name of the cluster/)
    assert.deepEqual(cluster.calls, [])
  })
})

describe('fence, unfence and confirm-off', () => {
  test('pass on the node and the reason; the only cluster need not be named', async t => {
    const { cli, cluster } = await setUp(t)
    assert.match((await cli(['fence', 'n2', '--force', '--reason', 'smoke'])).out, /^n2 is off/)
    assert.match((await cli(['unfence', 'n2', '--cluster', 'ovn'])).out, /^n2 is powered on/)
    assert.match((await cli(['confirm-off', 'n2', '--reason', 'pulled'])).out, /^n2 counts as off in ovn/)
    assert.deepEqual(cluster.calls, [['fence', 'n2', { force: true, reason: 'smoke' }, 'local'], ['unfence', 'n2', {}, 'local'], ['confirmOff', 'n2', { reason: 'pulled' }, 'local']])
  })

  test('confirm-off without a reason is a usage error', async t => {
    const { cli } = await setUp(t)
    assertFailed(await cli(['confirm-off', 'n2']), 2, /--reason/)
  })
})

describe('acknowledge', () => {
  test('all failovers, or the one that is named', async t => {
    const { cli, cluster } = await setUp(t)
    assert.equal((await cli(['acknowledge'])).out, 'ovn: acknowledged; 0 of 4 automatic failovers of an hour are used')
    assert.equal((await cli(['acknowledge', 'ovn', '--failover', '12', '--reason', 'new memory'])).code, 0)
    assert.deepEqual(cluster.calls, [['acknowledge', {}, 'local'], ['acknowledge', { failoverTerm: 12, reason: 'new memory' }, 'local']])
  })

  test('a failover that is no number is a usage error', async t => {
    const { cli } = await setUp(t)
    assertFailed(await cli(['acknowledge', '--failover', 'last']), 2, /--failover/)
  })
})

describe('switchover and failover', () => {
  test('print the waterfall, and pass on what was asked', async t => {
    const { cli, cluster } = await setUp(t)
    const { code, out } = await cli(['switchover', 'ovn', '--to', 'n2', '--reason', 'new disk'])
    assert.equal(code, 0)
    assert.match(out, /^ovn: failover n1 -> n2 \(term 8\), done in 48\.2 ms\n/)
    assert.match(out, / {2}promote +n2 +9\.4 ms +21\.6 ms {2}·+█+\n/)
    assert.equal((await cli(['failover', '--force'])).code, 0, 'the only cluster need not be named')
    assert.deepEqual(cluster.calls, [['switchover', { to: 'n2', reason: 'new disk' }, 'local'], ['failover', { force: true }, 'local']])
    assert.deepEqual(JSON.parse((await cli(['switchover', '-o', 'json'])).out), operationView())
  })

  test('one that was undone is printed and is exit code 1', async t => {
    const { cli, cluster } = await setUp(t)
    cluster.next = async () => operationView({ outcome: 'undone', detail: 'the marker did not arrive within 2 s' })
    const { code, out } = await cli(['switchover'])
    assert.equal(code, 1)
    assert.match(out, /undone in 48\.2 ms\n[^]*the marker did not arrive within 2 s/)
  })

  test('one that is refused names each refused node and the next step', async t => {
    const { cli, cluster } = await setUp(t)
    cluster.failover = async () => { throw new NoCandidateError() }
    const outcome = await cli(['failover'])
    assertFailed(outcome, 1, /^OVSDB_HA_NO_CANDIDATE: No node may take over ovn\n {2}n3 refused \(notInSync\): n3 is 40 heartbeats behind\nhint: Wait until/)
  })
})

test('pause and resume say what that means', async t => {
  const { cli, cluster } = await setUp(t)
  assert.match((await cli(['pause', '--reason', 'racks'])).out, /^ovn is paused: it keeps serving, and nothing is failed over until: ovsdb-ha resume ovn$/)
  assert.equal(cluster.view().paused?.reason, 'racks')
  assert.match((await cli(['resume'])).out, /^ovn is resumed: n1 serves/)
  assert.equal(cluster.view().paused, null)
})

test('a preference is sent with its end, and what it means is said', async t => {
  const { cli, cluster } = await setUp(t)
  cluster.prefer = async (node, body, actor) => {
    cluster.calls.push(['prefer', node, body, actor])
    const preference = body.preference === 'neutral' ? null : { preference: body.preference, by: actor, at: '2026-01-02T03:04:05.678Z', until: null, reason: body.reason ?? '' }
    cluster.change({ nodes: cluster.view().nodes.map(one => one.name === node ? { ...one, preference } : one) })
  }
  assert.equal((await cli(['prefer', 'n2', 'never', '--reason', 'old disk', '--for', '2h'])).out, 'ovn: n2 is never promoted, but by a forced failover (never, by local since 2026-01-02 03:04:05 UTC: old disk)')
  assert.equal((await cli(['prefer', 'n2', 'neutral'])).out, 'ovn: n2 is like any other node')
  assert.match((await cli(['prefer', 'n1', 'avoid', '--until', '2999-01-01T00:00:00Z'])).out, /\n {2}n1 serves, and serves on: ovsdb-ha switchover ovn moves the service$/)
  assert.deepEqual(cluster.calls, [['prefer', 'n2', { preference: 'never', forMs: 7_200_000, reason: 'old disk' }, 'local'], ['prefer', 'n2', { preference: 'neutral' }, 'local'], ['prefer', 'n1', { preference: 'avoid', until: '2999-01-01T00:00:00Z' }, 'local']])
  assertFailed(await cli(['prefer', 'n2', 'avoid', '--for', 'soon']), 2, /soon is no duration/)
  assertFailed(await cli(['prefer', 'n2', 'avoid', '--for', '1h', '--until', '2999-01-01T00:00:00Z']), 2, /--for and --until/)
  assertFailed(await cli(['prefer', 'n2', 'rather']), 2, /rather/)
})

test('a dry run of a failover says what would be lost and what is not known, and is exit code 1 when it would be refused', async t => {
  const { cli, cluster } = await setUp(t)
  const dryRun = async (...args: readonly string[]) => {
    const { code, out } = await cli(['failover', '--dry-run', ...args])
    return [code, out.replaceAll(/\s+/g, ' ')] as const
  }
  const [code, out] = await dryRun('--force', '--to', 'n2')
  assert.equal(code, 0)
  assert.match(out, /^ovn: a failover would promote n2 after n1: forced, and this is lost: n2 is 40 heartbeats behind the last active n1 not known: n1 was last heard of at heartbeat 120 of term 7 /)
  assert.match(out, / n2 chosen - 7\.80 would be promoted; it lacks writes: n2 is 40 heartbeats behind/)
  const [refused, words] = await dryRun()
  assert.equal(refused, 1)
  assert.match(words, /^ovn: a failover would be refused \(OVSDB_HA_NO_CANDIDATE\): no node can take over Wait\. not known: /)
  assert.deepEqual(cluster.calls, [])
})

describe('switchovers for a set time, and what one would do now', () => {
  test('one is planned, listed and cancelled', async t => {
    const { cli, cluster } = await setUp(t)
    assert.equal((await cli(['switchover', '--list'])).out, 'ovn: no switchover is planned')
    const planned = await cli(['switchover', '--at', '2999-01-01T00:00:00Z', '--to', 'n2', '--within', '5m', '--reason', 'new kernel'])
    assert.equal(planned.out, 'ovn: switchover s7 at 2999-01-01 00:00:00 UTC (at most 5 min 0 s late) to n2, planned by local: new kernel\n  take it back: ovsdb-ha switchover ovn --cancel s7')
    assert.match((await cli(['switchover', '--list'])).out, /^ovn: switchover s7 at 2999-01-01/)
    assert.match((await cli(['status'])).out, /\n {2}planned: switchover s7 at 2999-01-01 00:00:00 UTC/)
    assert.equal((await cli(['switchover', '--cancel', 's7'])).out, 'ovn: s7 is cancelled; no other switchover is planned')
    assert.deepEqual(cluster.calls, [['plan', { at: '2999-01-01T00:00:00Z', to: 'n2', withinMs: 300_000, reason: 'new kernel' }, 'local'], ['cancelPlan', 's7', 'local']])
  })

  test('a dry run says what would be done and why not the others, orders nothing, and is exit code 1 when it would be refused', async t => {
    const { cli, cluster, append } = await setUp(t)
    const dryRun = async (...args: readonly string[]) => {
      const { code, out } = await cli(['switchover', '--dry-run', ...args])
      return { code, out: out.replaceAll(/\s+/g, ' ') }
    }
    const { code, out } = await dryRun('--to', 'n2')
    assert.equal(code, 0)
    assert.match(out, /^ovn: a switchover would move the service from n1 to n2: n2 is the only node that was in sync with n1 1\. n1 closes its gate to clients 2\. /)
    assert.match(out, /how long clients would wait is not known/)
    assert.match(out, / n3 refused behind 40 n3 is 40 heartbeats behind/)
    for (const durationMs of [30, 50, 90]) await append(historyEntry({ kind: 'operationEnded', operation: operationView({ kind: 'switchover', outcome: 'done', durationMs }) }))
    await append(historyEntry({ kind: 'operationEnded', operation: operationView({ kind: 'switchover', outcome: 'undone', durationMs: 2_000 }) }))
    assert.match((await dryRun()).out, /about 50\.0 ms, as in the last 3 switchovers \(at most 90\.0 ms\)/)
    cluster.previewSwitchover = () => preview(null, { refusal: { code: 'OVSDB_HA_NO_ACTIVE', message: 'nobody serves', hint: 'See why.' }, to: null, steps: [] })
    const refused = await dryRun()
    assert.equal(refused.code, 1)
    assert.match(refused.out, /^ovn: a switchover would be refused \(OVSDB_HA_NO_ACTIVE\): nobody serves See why\. /)
    assert.deepEqual(cluster.calls, [])
  })

  test('what does not go together is refused before anybody is asked', async t => {
    const { cli, cluster } = await setUp(t)
    for (const [args, what] of [[['--at', '2999-01-01T00:00:00Z', '--dry-run'], /--at and --dry-run/], [['--within', '5m'], /--within/], [['--list', '--to', 'n2'], /--to/], [['--at', 'x', '--within', 'soon'], /soon is no duration/]] as const) assertFailed(await cli(['switchover', ...args]), 2, what)
    assert.deepEqual(cluster.calls, [])
  })
})

describe('history', () => {
  test('lists newest first over all clusters, and one entry with its waterfall', async t => {
    const { cli, append } = await setUp(t, two())
    for (const cluster of ['ovn', 'vtep', 'ovn']) await append(historyEntry({ cluster }))
    await append(historyEntry({ kind: 'operationEnded', operation: operationView() }))
    const ids = (out: string) => out.split('\n').slice(1).map(line => Number(line.trim().split(' ')[0]))
    assert.deepEqual(ids((await cli(['history'])).out), [4, 3, 2, 1])
    assert.deepEqual(ids((await cli(['history', '--limit', '2', '--before', '4'])).out), [3, 2])
    assert.deepEqual(ids((await cli(['history', '--cluster', 'vtep'])).out), [2])
    const entry = await cli(['history', '4'])
    assert.match(entry.out, /\n {2}promote +n2 +9\.4 ms/)
    assert.equal(JSON.parse((await cli(['history', '4', '-o', 'json'])).out).id, 4)
    assert.equal(JSON.parse((await cli(['history', '-o', 'json'])).out).entries.length, 4)
  })

  test('an entry that is not there is exit code 4', async t => {
    const { cli } = await setUp(t)
    assertFailed(await cli(['history', '7']), 4, /^OVSDB_HA_HISTORY_UNKNOWN: /)
  })
})

describe('explain', () => {
  test('prints the rule and the candidates of now, and of a past decision', async t => {
    const { cli, append } = await setUp(t)
    await append(historyEntry({ kind: 'holdBegan', explanation: explanation({ what: 'nothing is done (noCandidate)' }) }))
    const now = await cli(['explain'])
    assert.deepEqual([now.code, now.err], [0, ''])
    assert.match(now.out, /^ovn, 2026-01-02 03:04:05\.678 UTC: A failover[^]*S1: Two signs must agree\.[^]*n3 +refused +incomplete/)
    assert.match((await cli(['explain', 'ovn', '--at', '1'])).out, /\(history 1\): nothing is done \(noCandidate\)/)
    assert.deepEqual(JSON.parse((await cli(['explain', '-o', 'json'])).out), { id: null, explanation: explanation(), operation: null })
  })

  test('refuses what is no id, no entry, and no decision', async t => {
    const { cli, append } = await setUp(t)
    await append(historyEntry())
    assertFailed(await cli(['explain', '--at', 'x']), 2, /^OVSDB_HA_USAGE: x is not the id/)
    assertFailed(await cli(['explain', '--at', '9']), 4, /^OVSDB_HA_HISTORY_UNKNOWN/)
    assertFailed(await cli(['explain', '--at', '1']), 1, /^OVSDB_HA_NOT_EXPLAINED: History entry 1 \(leaseLapsed\) is no decision about ovn/)
  })
})

describe('exit codes', () => {
  test('2: the command line is wrong', async t => {
    const { cli } = await setUp(t, two())
    assertFailed(await cli(['switchover']), 2, /^OVSDB_HA_USAGE: Say which cluster\nhint: This controller has: ovn, vtep\./)
    assertFailed(await cli(['swichover']), 2, /^OVSDB_HA_USAGE: unknown command 'swichover' \(Did you mean switchover\?\)\nhint: ovsdb-ha --help/)
    assertFailed(await cli(['status', '--wathc']), 2, /hint: ovsdb-ha status --help/)
    assertFailed(await cli(['status', '-o', 'xml']), 2, /Allowed choices are table, json/)
    assertFailed(await cli(['history', 'last']), 2, /^OVSDB_HA_USAGE: last is not a whole number/)
    assertFailed(await cli(['agent', '--config', 'x']), 2, /It is not said which node this is/)
    assertFailed(await cli(['status', '--server', '127.0.0.1:8640']), 2, /is not the address of a controller/)
    assertFailed(await cli(['status', '--token-file', '/nonexistent/token']), 2, /^OVSDB_HA_FILE_UNUSABLE: The token file \/nonexistent\/token cannot be used: ENOENT/)
  })

  test('2: the configuration of a daemon cannot be read, or is not valid; nothing is started', async t => {
    const directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-cli-'))
    t.after(() => rm(directory, { recursive: true, force: true }))
    const config = join(directory, 'cluster.yaml')
    const daemons = [['controller', '--config', config], ['agent', '--config', config, '--node', 'n1']]
    for (const args of daemons) assertFailed(await runCli(args), 2, /^OVSDB_HA_FILE_UNUSABLE: The configuration .*cluster\.yaml cannot be used: ENOENT/)
    await writeFile(config, 'nodes: 3\n')
    for (const args of daemons) {
      const { code, err } = await runCli(args)
      assert.equal(code, 2, err)
      assert.match(err, /^OVSDB_HA_CONFIG_INVALID: [^]*nodes: has the wrong type/)
    }
  })

  test('3: nobody answers, or it is no controller', async t => {
    const { cli, app } = await setUp(t)
    const other = createServer((_request, response) => { response.end('<html>hello</html>') }).listen(0, '127.0.0.1')
    t.after(() => { other.close() })
    await once(other, 'listening')
    const address = other.address()
    assert.ok(address !== null && typeof address === 'object')
    assertFailed(await cli(['status', '--server', `http://127.0.0.1:${address.port}`]), 3, /answered 200 and is no ovsdb-ha controller/)
    await app.close()
    for (const args of [['status'], ['status', '--watch'], ['switchover']]) {
      assertFailed(await cli(args), 3, /^OVSDB_HA_CONTROLLER_UNREACHABLE: The controller at http:.* did not answer|broke off[^]*hint: .*keep serving without it/)
    }
  })

  test('4: an unknown cluster', async t => {
    const { cli } = await setUp(t)
    for (const args of [['status', 'ovm'], ['status', 'ovm', '--watch'], ['switchover', 'ovm'], ['history', '--cluster', 'ovm']]) {
      assertFailed(await cli(args), 4, /^OVSDB_HA_CLUSTER_UNKNOWN: .*\nhint: It has: ovn\.$/)
    }
  })

  test('5: without a token, and with one that may not do this', async t => {
    const { cli } = await setUp(t, { tokens: TOKENS })
    const directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-cli-'))
    t.after(() => rm(directory, { recursive: true, force: true }))
    const tokenFile = join(directory, 'token')
    await writeFile(tokenFile, 'operator-secret\n')
    assertFailed(await cli(['status']), 5, /^OVSDB_HA_NOT_AUTHENTICATED: /)
    assertFailed(await cli(['status', '--watch']), 5, /^OVSDB_HA_NOT_AUTHENTICATED: /)
    assertFailed(await cli(['pause'], { token: 'viewer-secret' }), 5, /^OVSDB_HA_NOT_ALLOWED: wall is a viewer/)
    assert.equal((await cli(['pause'], { token: 'viewer-secret', tokenFile })).code, 0, 'the file comes first')
    assert.equal((await cli(['pause', '--token-file', tokenFile])).code, 0)
  })
})

test('the program itself: arguments, environment, streams and exit code of a real process', async t => {
  const { server, cluster } = await setUp(t)
  const program = join(import.meta.dirname, '../../../cli/ovsdb-ha')
  const run = (args: readonly string[], env: Record<string, string> = {}) => execa(program, args, { env: { OVSDB_HA_SERVER: server, ...env }, reject: false, timeout: 20_000, stdin: 'ignore' })
  const good = await run(['status'])
  assert.equal(good.exitCode, 0, good.stderr)
  assert.match(good.stdout, /^ovn: serving\./)
  assert.ok(!good.stdout.includes('\u001b'), 'no colour into a pipe')
  const unreachable = await run(['status', '--server', 'http://127.0.0.1:1'])
  assert.deepEqual([unreachable.exitCode, unreachable.stdout], [3, ''])
  assert.match(unreachable.stderr, /^OVSDB_HA_CONTROLLER_UNREACHABLE: /)
  const help = await run(['--help'])
  assert.deepEqual([help.exitCode, help.stderr], [0, ''])
  assert.match(help.stdout, /Exit codes:\n {2}0 {2}done/)
  assert.deepEqual((await run([])).exitCode, 2)
  cluster.change(clusterView({ summary: 'Fine.' }))
  const watching = execa(program, ['status', '--watch'], { env: { OVSDB_HA_SERVER: server }, reject: false, timeout: 20_000, stdin: 'ignore' })
  for await (const line of watching.iterable()) if (line.includes('n3')) watching.kill('SIGINT')
  assert.equal((await watching).exitCode, 0, 'an interrupted watch is no failure')
})
