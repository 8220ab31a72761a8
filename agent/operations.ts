// The slow actions of a unit: each is a list of steps on real servers, guard and endpoints, timed for the waterfall.
// Withdrawing has its own path: `stopServing` ends whatever would let clients in, closes, and closes again once that is gone.
import type { LastWrites, Step } from '../protocol/order.ts'
import type { Position } from '../protocol/position.ts'
import { monotonicMs } from './clock.ts'
import type { Companions } from './companions.ts'
import type { Endpoint } from './endpoint/endpoint.ts'
import type { Guard } from './guard/guard.ts'
import type { OvsdbServer, Source } from './server.ts'

export interface OperationsOptions {
  readonly servers: readonly OvsdbServer[]
  readonly endpoints: readonly Endpoint[]
  readonly guard: Guard
  /** The kernel's timeout starts when the command commits: it is asked to end this much earlier, so that it never ends late (S4). */
  readonly guardLeadMs: number
  readonly onProblem: (code: string, message: string | null) => void
  readonly companions?: Pick<Companions, 'hasRequired' | 'startRequired' | 'stop'> | undefined
}

export interface Outcome {
  readonly error: string | null
  readonly steps: readonly Step[]
}

export interface Operations {
  /** `lastWrites` that do not come in time are steps with an error, and no failure. */
  promoteServers (position: Position, options: { readonly force: boolean, readonly lastWrites: LastWrites | null }): Promise<Outcome>
  takeEndpoints (untilMs: number): Promise<Outcome>
  openGates (): Promise<Outcome>
  extendGuard (untilMs: number, endpoints: boolean): Promise<void>
  announceEndpoints (): void
  stopServing (kill: readonly string[]): Promise<Outcome>
  /** `onReleased` hears when they were let go, or could not be. */
  releaseEndpoints (afterMs: number, onReleased: () => void): void
  beginHandover (marker: string): Promise<Outcome>
  freezeServers (): Promise<Outcome>
  awaitMarker (marker: string, deadlineMs: number): Promise<Outcome>
  convert (named: ReadonlyArray<{ readonly name: string, readonly convertTo: string }>): Promise<Outcome>
  restart (named: ReadonlyArray<{ readonly name: string, readonly convertTo: string | null }>): Promise<Outcome>
  follow (source: Source, signal: AbortSignal): Promise<Outcome>
  writeHeartbeat (position: Position): Promise<Outcome>
  detach (): Promise<void>
}

type Work = () => Promise<unknown>

/** After endpoints could not be let go they are tried again this late. */
const DROP_AGAIN_MS = 1_000

export function createOperations ({ servers, endpoints, guard, guardLeadMs, onProblem, companions }: OperationsOptions): Operations {
  /** Aborted by each stop: what was begun before may not let anybody in after it. */
  let serving = new AbortController()
  const underWay = new Set<Promise<Outcome>>()
  let lingering: NodeJS.Timeout | null = null
  let extending: Promise<void> | null = null
  let undropped = false

  const gateAddresses = endpoints.flatMap(endpoint => endpoint.addresses)

  /** All at once; the first failure names the outcome, and every step is timed. */
  async function together (work: Readonly<Record<string, Work>>): Promise<Outcome> {
    const steps = await Promise.all(Object.entries(work).map(async ([name, run]): Promise<Step> => {
      const startMs = monotonicMs()
      try {
        await run()
        return { name, startMs, endMs: monotonicMs(), error: null }
      } catch (error) {
        return { name, startMs, endMs: monotonicMs(), error: words(error) }
      }
    }))
    const failed = steps.find(step => step.error !== null)
    return { error: failed === undefined ? null : `${failed.name}: ${failed.error}`, steps }
  }

  /** One after the other; stops at the first failure and as soon as `signal` is aborted. */
  async function inOrder (signal: AbortSignal, parts: readonly Readonly<Record<string, Work>>[]): Promise<Outcome> {
    const steps: Step[] = []
    for (const part of parts) {
      if (signal.aborted) return { error: 'overtaken: this node must not serve', steps }
      const outcome = await together(part)
      steps.push(...outcome.steps)
      if (outcome.error !== null) return { error: outcome.error, steps }
    }
    return signal.aborted ? { error: 'overtaken: this node must not serve', steps } : { error: null, steps }
  }

  function each (name: string, run: (server: OvsdbServer) => Promise<unknown>): Readonly<Record<string, Work>> {
    return Object.fromEntries(servers.map(server => [`${name} ${server.name}`, () => run(server)]))
  }

  async function letIn (parts: readonly Readonly<Record<string, Work>>[]): Promise<Outcome> {
    return await whileServing(signal => inOrder(signal, parts))
  }

  /** A stop aborts it, and waits for its end. */
  async function whileServing (begin: (signal: AbortSignal) => Promise<Outcome>): Promise<Outcome> {
    const run = begin(serving.signal)
    underWay.add(run)
    try {
      return await run
    } finally {
      underWay.delete(run)
    }
  }

  async function arrival ({ marker, servers: named, deadlineMs }: LastWrites): Promise<readonly Step[]> {
    const expected = servers.filter(({ name }) => named.includes(name))
    const { steps } = await together(Object.fromEntries(expected.map(server => [`last writes ${server.name}`, () => server.awaitMarker(marker, deadlineMs)])))
    return steps
  }

  function holdEndpoints (untilMs: number): Readonly<Record<string, Work>> {
    return Object.fromEntries(endpoints.map(endpoint => [`endpoint ${endpoint.addresses.join(' ')}`, () => endpoint.hold(untilMs - monotonicMs())]))
  }

  async function openGuard (untilMs: number): Promise<void> {
    const lifetimeMs = untilMs - monotonicMs() - guardLeadMs
    if (lifetimeMs <= 0) throw new Error('the lease ends too soon to open the guard')
    await guard.open(lifetimeMs)
    onProblem('guard', null)
  }

  async function extend (untilMs: number, withEndpoints: boolean): Promise<void> {
    const { signal } = serving
    const outcome = await inOrder(signal, [{ guard: () => openGuard(untilMs), ...(withEndpoints ? holdEndpoints(untilMs) : {}) }])
    // a stop that came meanwhile has closed already; what this call opened after it is closed again
    if (signal.aborted) await guard.close()
    else onProblem('renewal', outcome.error)
  }

  function closeGates (kill: readonly string[]): Promise<Outcome> {
    return together(each('gate', async server => {
      if (kill.includes(server.name)) await server.kill()
      await server.closeGate()
    }))
  }

  /** Nobody is served when every gate is certainly shut, or when the packet guard is: the first of the two is enough (S4), the other one goes on. */
  async function close (kill: readonly string[]): Promise<Outcome> {
    const gates = closeGates(kill)
    const shut = together({ guard: () => guard.close() })
    gates.then(({ error }) => onProblem('gate', error), (error: unknown) => onProblem('gate', words(error)))
    shut.then(({ error }) => onProblem('guard', error), (error: unknown) => onProblem('guard', words(error)))
    const ways = guard.kind === 'nftables' ? [gates, shut] : [gates]
    try {
      return await Promise.any(ways.map(async way => {
        const outcome = await way
        if (outcome.error !== null) throw new Error(outcome.error)
        return outcome
      }))
    } catch {
      const both = await Promise.all(ways) // none of them succeeded: what each of them said is the answer
      return { error: both.map(outcome => outcome.error).join('; '), steps: both.flatMap(outcome => outcome.steps) }
    }
  }

  async function stopServing (kill: readonly string[]): Promise<Outcome> {
    serving.abort()
    serving = new AbortController()
    const before = [...underWay, ...(extending === null ? [] : [extending])]
    const first = await close(kill)
    if (before.length === 0) return first
    // what was opening meanwhile may have opened after that: wait for its end, and close again
    await Promise.allSettled(before)
    const again = await close([])
    return { error: again.error, steps: [...first.steps, ...again.steps] }
  }

  function cancelLingering (): void {
    if (lingering !== null) clearTimeout(lingering)
    lingering = null
  }

  function dropLater (afterMs: number, onReleased: () => void): void {
    cancelLingering()
    // the address lingers, its announcements must not: one that came after the new holder's would bring the clients back here
    for (const endpoint of endpoints) endpoint.detach()
    const mine = setTimeout(() => {
      dropEndpoints().then(() => {
        onReleased()
        // an address that stays would be held by two nodes until its lifetime ends; a taking in between has cancelled this
        if (lingering === mine && undropped) dropLater(DROP_AGAIN_MS, onReleased)
      }).catch((error: unknown) => onProblem('endpointRelease', words(error)))
    }, afterMs)
    lingering = mine
  }

  async function dropEndpoints (): Promise<void> {
    const outcome = await together(Object.fromEntries(endpoints.map(endpoint => [endpoint.addresses.join(' '), () => endpoint.release()])))
    onProblem('endpointRelease', outcome.error)
    undropped = outcome.error !== null
    if (undropped) return
    // what was wrong with holding them is over with them
    for (const code of ['renewal', 'duplicateAddress', 'heartbeat']) onProblem(code, null)
  }

  return {
    promoteServers: (position, { force, lastWrites }) => whileServing(async signal => {
      const waits = lastWrites === null ? [] : await arrival(lastWrites)
      const { error, steps } = await inOrder(signal, [
        each('promote', server => server.promote(position, { force })),
        // on the active's own socket, before anybody is let in: without them nobody was served, and the next candidate is tried
        companions?.hasRequired === true ? { 'required companions': () => companions.startRequired(signal) } : {}
      ])
      return { error, steps: [...waits, ...steps] }
    }),
    takeEndpoints: untilMs => {
      cancelLingering()
      return letIn([{ ...holdEndpoints(untilMs), guard: () => openGuard(untilMs) }])
    },
    openGates: () => letIn([each('gate', server => server.openGate(gateAddresses))]),
    extendGuard: async (untilMs, withEndpoints) => {
      if (extending !== null) return // the next renewal extends it; two at once would only queue
      extending = extend(untilMs, withEndpoints)
      try {
        await extending
      } finally {
        extending = null
      }
    },
    announceEndpoints: () => { for (const endpoint of endpoints) endpoint.announce() },
    stopServing,
    releaseEndpoints: dropLater,
    // companions first, while clients are still served: what they would write behind the marker would be lost
    beginHandover: marker => inOrder(new AbortController().signal, [companions === undefined ? {} : { companions: () => companions.stop() }, each('gate', server => server.closeGate()), each('marker', server => server.writeMarker(marker))]),
    freezeServers: () => {
      // the gates are closed already; the guard behind them need not be waited for
      guard.close().then(() => onProblem('guard', null), (error: unknown) => onProblem('guard', words(error)))
      return together(each('freeze', server => server.becomeBackup()))
    },
    awaitMarker: (marker, deadlineMs) => together(each('marker', server => server.awaitMarker(marker, deadlineMs))),
    convert: named => together(Object.fromEntries(named.flatMap(({ name, convertTo }) => servers.filter(server => server.name === name).map(server => [`convert ${name}`, () => server.convert(convertTo)])))),
    restart: named => together(Object.fromEntries(named.flatMap(({ name, convertTo }) => servers.filter(server => server.name === name).map(server => [`restart ${name}`, () => server.restart(convertTo)])))),
    follow: async (source, signal) => await inOrder(signal, servers.map(server => ({ [`follow ${server.name}`]: () => server.follow(source, signal) }))),
    writeHeartbeat: position => together(each('heartbeat', server => server.writeHeartbeat(position))),
    detach: async () => {
      serving.abort()
      cancelLingering()
      for (const endpoint of endpoints) endpoint.detach()
      await Promise.all(servers.map(server => server.detach()))
    }
  }
}

function words (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
