// `helm test`: status-test.mjs MAIN DEADLINE_SECONDS. Waits until every cluster serves, with a deadline; tells what the controllers say.
import { execFile } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'

const PAUSE_MS = 2_000
const [,, main, deadlineSeconds] = process.argv
const deadlineMs = performance.now() + Number(deadlineSeconds) * 1000

function status () {
  return new Promise(resolve => {
    execFile(process.execPath, [main, 'status', '-o', 'json'], { timeout: 10_000, maxBuffer: 16_000_000 }, (error, stdout, stderr) => {
      if (error !== null) return resolve([stderr.trim() || error.message])
      const { clusters } = JSON.parse(stdout)
      resolve(clusters.length === 0 ? ['the controllers know no cluster'] : clusters.filter(({ state }) => state !== 'serving').map(({ name, state, summary }) => `${name}: ${state}: ${summary}`))
    })
  })
}

let wrong = await status()
while (wrong.length > 0 && performance.now() + PAUSE_MS < deadlineMs) {
  await setTimeout(PAUSE_MS)
  wrong = await status()
}
console.log(wrong.length === 0 ? 'every cluster serves' : wrong.join('\n'))
process.exitCode = wrong.length === 0 ? 0 : 1
