// A power switch for the hosts, as a management card is one: apart from them, and asked by programs on the controller's
// host. A program leaves its question in the directory that all hosts share; whoever runs the switch outside answers it.
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { initOf } from './host.ts'
import { hostOf, type TestbedPlan } from './plan.ts'
import type { Testbed } from './testbed.ts'
import { poll } from './wait.ts'

const LOOK_EVERY_MS = 50
const RUNS_AT_MOST_MS = 600_000
/** A level that lies or is silent costs so much before the next one is tried. */
const LEVEL_TIMEOUT = '6s'
const ANSWER = { done: '0 ', off: '2 ', broken: '1 Connection timed out' } as const

/** The ways to the switch, tried in this order: a standard fence agent, and a program of the operator's own. */
export const POWER_LEVELS = ['agent', 'exec'] as const
export type PowerLevel = typeof POWER_LEVELS[number]
/** `lies` says done and does nothing, and its status tells the truth; `broken` says that it failed. */
export type PowerBehaviour = 'works' | 'lies' | 'broken'

function directoryOf ({ sharedDirectory }: TestbedPlan): string {
  return `${sharedDirectory}/power`
}

/** What cluster.yaml says of a host that the switch powers; powered on again once it was off. */
export function powerSwitchFence (plan: TestbedPlan, host: string) {
  const directory = directoryOf(plan)
  return {
    afterwards: 'on',
    levels: [
      { agent: `${directory}/fence_switch`, options: { plug: host }, timeout: LEVEL_TIMEOUT },
      { exec: [`${directory}/rack-power`], timeout: LEVEL_TIMEOUT }
    ]
  }
}

/** Options as lines on standard input, as every fence agent has them. */
const fenceAgent = (directory: string) => `#!/bin/sh
action=off plug=
while IFS= read -r line; do
  case $line in
    action=*) action=\${line#*=} ;;
    plug=*) plug=\${line#*=} ;;
  esac
done
exec ${directory}/ask agent "$action" "$plug"
`

const ownProgram = (directory: string) => `#!/bin/sh
exec ${directory}/ask exec "$1" "$2"
`

/** LEVEL ACTION NODE; ends as the switch says, and says nothing for as long as that is silent. */
const ask = (directory: string) => `#!/bin/sh
[ "$2" = monitor ] && exit 0
question=${directory}/$1.$$
printf '%s %s %s' "$1" "$2" "$3" > $question.new && mv $question.new $question.asked
while [ ! -e $question.said ]; do sleep 0.05; done
read -r code words < $question.said
rm -f $question.said
[ -z "$words" ] || echo "$words" >&2
exit $code
`

export async function installPowerSwitch (plan: TestbedPlan): Promise<void> {
  const directory = directoryOf(plan)
  await mkdir(directory)
  for (const [name, program] of [['ask', ask], ['fence_switch', fenceAgent], ['rack-power', ownProgram]] as const) {
    await writeFile(`${directory}/${name}`, program(directory))
    await chmod(`${directory}/${name}`, 0o755)
  }
}

export interface PowerSwitch {
  /** What it did, oldest first: `agent off a`. */
  readonly done: readonly string[]
  readonly behaviour: Record<PowerLevel, PowerBehaviour>
  /** Resolves when every host that it powered on runs its daemon. */
  stop (): Promise<void>
}

/** Runs the switch: `off` ends all that runs on the host and takes its link down, `on` boots it. */
export function startPowerSwitch (testbed: Testbed): PowerSwitch {
  const { plan } = testbed
  const directory = directoryOf(plan)
  const done: string[] = []
  const boots: Array<Promise<void>> = []
  const behaviour: Record<PowerLevel, PowerBehaviour> = { agent: 'works', exec: 'works' }
  let stopped = false

  const isOn = async (host: string) => await initOf(hostOf(plan, host)) !== null

  async function answer (level: PowerLevel, action: string, host: string): Promise<string> {
    if (behaviour[level] === 'broken') return ANSWER.broken
    if (action === 'status') return await isOn(host) ? ANSWER.done : ANSWER.off
    if (behaviour[level] === 'works' && await isOn(host) !== (action === 'on')) await turn(host, action)
    if (behaviour[level] === 'works') done.push(`${level} ${action} ${host}`)
    return ANSWER.done
  }

  /** Power comes at once; what a host does with it takes its time. */
  async function turn (host: string, action: string): Promise<void> {
    if (action === 'off') return await testbed.powerOffHost(host)
    const boot = testbed.startHost(host)
    boots.push(boot)
    boot.catch(() => { /* whoever stops the switch is told */ })
    await poll(async () => await isOn(host) ? true : null, { deadlineMs: RUNS_AT_MOST_MS, what: `power for ${host}` })
  }

  async function lookAtQuestions (): Promise<void> {
    for (const file of (await readdir(directory)).filter(name => name.endsWith('.asked'))) {
      const question = `${directory}/${file.slice(0, -'.asked'.length)}`
      const [level = '', action = '', host = ''] = (await readFile(`${question}.asked`, 'utf8')).split(' ')
      await rm(`${question}.asked`)
      await writeFile(`${question}.answer`, `${await answer(level as PowerLevel, action, host)}\n`)
      await rename(`${question}.answer`, `${question}.said`)
    }
  }

  const runs = poll(async () => {
    await lookAtQuestions()
    return stopped ? true : null
  }, { deadlineMs: RUNS_AT_MOST_MS, everyMs: LOOK_EVERY_MS, what: 'the power switch to be stopped' })
  runs.catch(() => { /* whoever stops it is told */ })

  return {
    done,
    behaviour,
    async stop () {
      stopped = true
      await runs
      await Promise.all(boots)
    }
  }
}
