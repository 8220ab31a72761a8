// npm run testbed -- COMMAND: the testbed by hand. `up` leaves it running; every other command finds it again by its index.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Command, InvalidArgumentError, Option } from 'commander'
import { parseCount } from './count-option.ts'
import { SERVERS } from './cluster-file.ts'
import { TestbedError } from './command.ts'
import { enter } from './host.ts'
import { type CutDirection } from './network.ts'
import { type TestbedOptions } from './options.ts'
import { hostOf, TESTBED_INDEX_MAX } from './plan.ts'
import { daemonOf, signalProcess, type ProcessName } from './product.ts'
import { createTestbed, openTestbed } from './testbed.ts'
import { removeTestbed } from './remove.ts'
import { describeStatus } from './status-text.ts'

interface UpArguments extends Omit<TestbedOptions, 'index' | 'timing'> {
  readonly timing: Readonly<Record<string, string>>
  readonly product: boolean
  readonly keepFailed: boolean
}

const program = new Command('testbed')
  .description('Several hosts on this machine: network namespaces with real ovsdb-servers, agents, controllers, Redis and a client.')
  .option('--index <number>', `which testbed, 0 to ${TESTBED_INDEX_MAX}; testbeds of different indexes can be up at once`, parseIndex, 0)
  .showHelpAfterError()

const index = () => program.opts<{ index: number }>().index
const WHAT = '[what]'
const WHAT_HELP = `agent, controller, redis, ${SERVERS.map(server => server.name).join(' or ')}; the host's own daemon when absent`

program.command('up')
  .description('build the hosts, start everything, and wait until the cluster serves')
  .addOption(new Option('--nodes <layout>', 'three data nodes, or two and a witness, or two alone').choices(['3', '2+witness', '2']).default('3'))
  .addOption(new Option('--controllers <number>', 'controllers, on the hosts ctl, ctl2 and ctl3; several need --redis').default(1).argParser(parseCount(1, 2, 3)))
  .addOption(new Option('--redis <number>', 'redis-servers, on the hosts r1, r2 and r3: three are independent, and a majority of them is the store; 0 is the embedded store').default(0).argParser(parseCount(0, 1, 3)))
  .addOption(new Option('--ovs <version>', 'the machine\'s Open vSwitch, or 3.5 from the trixie tree').choices(['3.1', '3.5']).default('3.1'))
  .addOption(new Option('--control <method>', 'how roles are changed').choices(['appctl', 'configFile']).default('appctl'))
  .option('--northd', 'ovn-northd beside the active, as a companion', false)
  .addOption(new Option('--guard <kind>', 'what shuts the service ports when the lease ends').choices(['nftables', 'none']).default('nftables'))
  .option('--ipv6-vip', 'an IPv6 virtual address beside the IPv4 one', false)
  .option('--balancers', 'two load balancers (HAProxy, keepalived) on the hosts lb1 and lb2, instead of a virtual address on the nodes', false)
  .option('--ssl', 'ssl between servers and clients', false)
  .option('--tls', 'mutual TLS among agents and controller', false)
  .option('--timing <key=value>', 'a timing of cluster.yaml, such as lease=1s; can be repeated', collectTiming, {})
  .option('--no-product', 'only the hosts: start no agent and no controller')
  .option('--keep-failed', 'when it does not come up, leave it as it is', false)
  .action(up)

program.command('down').description('remove everything of this testbed, whatever state it is in').action(() => removeTestbed(index()))

program.command('status')
  .description('hosts, processes, addresses, and who is active')
  .option('--json', 'everything an outside check needs', false)
  .action(async ({ json }: { json: boolean }) => {
    const status = await (await openTestbed(index())).status()
    console.log(json ? JSON.stringify(status, null, 2) : describeStatus(status))
  })

for (const [name, signalName, description] of [
  ['kill', 'SIGKILL', 'kill a process'],
  ['stop', 'SIGSTOP', 'freeze a process'],
  ['cont', 'SIGCONT', 'let a frozen process go on']
] as const) {
  program.command(name).description(description).argument('<host>').argument(WHAT, WHAT_HELP).action(async (host: string, what: string | undefined) => {
    const { plan } = await openTestbed(index())
    const process = processName(what ?? daemonOf(hostOf(plan, host)))
    console.log(`${signalName} to the ${process} of ${host}, process ${await signalProcess(hostOf(plan, host), process, signalName)}`)
  })
}

program.command('start').description('start a killed agent, controller or redis').argument('<host>').action(async (host: string) => {
  await (await openTestbed(index())).startAgent(host)
})

program.command('flush')
  .description('let a redis forget everything (FLUSHALL)')
  .argument('<host>')
  .action(async (host: string) => (await openTestbed(index())).flushRedis(host))

program.command('cut')
  .description('pull a host\'s network cable')
  .argument('<host>')
  .addOption(new Option('--direction <which>', 'in: nothing reaches the host; out: nothing leaves it').choices(['both', 'in', 'out']).default('both'))
  .action(async (host: string, { direction }: { direction: CutDirection }) => (await openTestbed(index())).cutHost(host, direction))

program.command('heal').description('undo every cut of a host').argument('<host>').action(async (host: string) => (await openTestbed(index())).healHost(host))

program.command('power-off').description('end a host at once, processes and network').argument('<host>').action(async (host: string) => (await openTestbed(index())).powerOffHost(host))

program.command('power-on').description('boot a host').argument('<host>').action(async (host: string) => (await openTestbed(index())).startHost(host))

program.command('exec')
  .description('run a program on a host: exec a ip address show')
  .argument('<host>')
  .argument('<program...>')
  .allowUnknownOption()
  .action(exec)

async function up ({ product, keepFailed, ...options }: UpArguments): Promise<void> {
  const testbed = createTestbed({ index: index(), ...options })
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupt.abort(new TestbedError(`ended by ${name}, everything removed`)))
  const startMs = performance.now()
  await testbed.up({ product, leave: true, keepFailed, signal: interrupt.signal })
  console.log(describeStatus(await testbed.status()))
  console.log(`up in ${((performance.now() - startMs) / 1000).toFixed(1)} s; the end of it: npm run testbed -- --index ${index()} down`)
  await (await testbed.api()).close()
}

/** Like ssh: the program has this terminal, and its exit code becomes ours. */
async function exec (host: string, argv: readonly string[]): Promise<void> {
  const { plan } = await openTestbed(index())
  const [file = '', ...args] = await enter(hostOf(plan, host), argv)
  const child = spawn(file, args, { stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  process.exitCode = typeof code === 'number' ? code : 1
}

function processName (what: string): ProcessName {
  if (what === 'agent' || what === 'controller' || what === 'redis') return what
  const server = SERVERS.find(candidate => candidate.name === what)
  if (server === undefined) throw new TestbedError(`there is no ${what} on a host: ${WHAT_HELP}`)
  return server.name
}

function parseIndex (value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 0 || number > TESTBED_INDEX_MAX) throw new InvalidArgumentError(`0 to ${TESTBED_INDEX_MAX}`)
  return number
}

function collectTiming (value: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [key, text] = value.split('=')
  if (key === undefined || text === undefined || key === '' || text === '') throw new InvalidArgumentError('key=value, such as lease=1s')
  return { ...before, [key]: text }
}

if (process.getuid?.() !== 0) {
  console.error('testbed: network namespaces and mounts need root')
  process.exitCode = 1
} else {
  await program.parseAsync().catch((error: Error) => {
    console.error(`testbed: ${error.message}`)
    process.exitCode = 1
  })
}
