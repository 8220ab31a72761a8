// `helm test`: status-test.mjs MAIN DEADLINE_SECONDS. Waits until every cluster serves, with a deadline; tells what the controllers say.
// Environment: OVSDB_HA_SERVER, OVSDB_HA_TOKEN_FILE, OVSDB_HA_CA_FILE of the command.
import { execFile } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'

const PAUSE_MS = 2_000
const [,, main, deadlineSeconds] = process.argv
const deadlineMs = performance.now() + Number(deadlineSeconds) * 1000

/** What is wrong, a line each; null when nobody answered before the deadline. */
function status () {
  return new Promise(resolve => {
    const timeout = Math.max(1, Math.round(deadlineMs - performance.now()))
    execFile(process.execPath, [main, 'status', '-o', 'json'], { timeout, maxBuffer: 16_000_000 }, (error, stdout, stderr) => {
      if (error !== null) return resolve(error.killed ? null : [stderr.trim() || error.message])
      const { clusters } = JSON.parse(stdout)
      resolve(clusters.length === 0 ? ['the controllers know no cluster'] : clusters.filter(({ state }) => state !== 'serving').map(({ name, state, summary }) => `${name}: ${state}: ${summary}`))
    })
  })
}

let wrong = ['no controller answered in time']
do {
  wrong = await status() ?? wrong
  if (wrong.length > 0) await setTimeout(Math.min(PAUSE_MS, Math.max(0, deadlineMs - performance.now())))
} while (wrong.length > 0 && performance.now() < deadlineMs)
console.log(wrong.length === 0 ? 'every cluster serves' : wrong.join('\n'))
process.exitCode = wrong.length === 0 ? 0 : 1
