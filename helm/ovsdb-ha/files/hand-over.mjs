// preStop of an agent: hand-over.mjs MAIN DEADLINE_SECONDS. Its servers end with this pod, so what is active here is moved first.
// Each cluster whose active is this node is switched over; a refusal (nobody in sync yet) is asked again until the deadline. Exit code 0 when this
// node serves nothing; 1 when it still does, and then clients wait for the lease and the failover.
// Environment: OVSDB_HA_NODE_FILE, whose first word is this node; OVSDB_HA_SERVER, OVSDB_HA_TOKEN_FILE, OVSDB_HA_CA_FILE of the command;
// OVSDB_HA_HOOK_LOG, the output of the agent, process 1 of its container (empty: none, where process 1 is another's).
import { execFile } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'

const PAUSE_MS = 2_000
const [,, main, deadlineSeconds] = process.argv
const { OVSDB_HA_NODE_FILE: nodeFile, OVSDB_HA_HOOK_LOG: log = '' } = process.env
const [node] = readFileSync(nodeFile, 'utf8').trim().split(/\s+/)
const deadlineMs = performance.now() + Number(deadlineSeconds) * 1000

/** A hook's output goes nowhere unless it fails; people look into the log of the agent. */
function say (message) {
  console.log(message)
  if (log === '') return
  try {
    appendFileSync(log, `${JSON.stringify({ process: 'hand-over', node, msg: message })}\n`)
  } catch (error) {
    console.error(`not in the agent's log: ${error.message}`)
  }
}

/** What the command printed, and why it failed; null when it did not. */
function run (...args) {
  return new Promise(resolve => {
    const timeout = Math.max(1, Math.round(deadlineMs - performance.now()))
    execFile(process.execPath, [main, ...args], { timeout, maxBuffer: 16_000_000 }, (error, stdout, stderr) => {
      const words = error?.killed === true ? 'no answer before the deadline' : stderr.trim() || stdout.trim() || error?.message
      resolve({ failure: error === null ? null : words, stdout })
    })
  })
}

/** Names of the clusters that this node serves; null when no controller told. */
async function served () {
  const { failure, stdout } = await run('status', '-o', 'json')
  if (failure !== null) {
    say(`no controller tells who serves: ${failure}`)
    return null
  }
  return JSON.parse(stdout).clusters.filter(({ active }) => active === node).map(({ name }) => name)
}

async function handOver () {
  for (;;) {
    const clusters = await served()
    if (clusters?.length === 0) return true
    for (const cluster of clusters ?? []) {
      const { failure } = await run('switchover', cluster, '--reason', `the pod on ${node} is stopped`)
      say(failure === null ? `${cluster}: moved to another node` : `${cluster}: not moved: ${failure}`)
    }
    if (performance.now() + PAUSE_MS >= deadlineMs) return (await served())?.length === 0
    if (clusters === null || clusters.length > 0) await setTimeout(PAUSE_MS)
  }
}

const done = await handOver()
if (!done) say('this node may still serve: clients wait for its lease and a failover')
process.exitCode = done ? 0 : 1
