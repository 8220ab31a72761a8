// Servers, endpoints and guards held in memory: they do what they are told at once, write down what they were asked, and
// can be made to fail or to wait.
import type { Endpoint } from '../../../agent/endpoint/endpoint.ts'
import type { Guard } from '../../../agent/guard/guard.ts'
import type { OvsdbServer, ServerObservation } from '../../../agent/server.ts'
import { observation } from '../../fixtures.ts'

export interface World {
  /** Every call, as `what who`, when it began. */
  readonly log: string[]
  /** Calls that reject, with this text. */
  readonly failing: Map<string, string>
  /** Makes the next such call wait; `begun` resolves when it was made, `go` lets it end. */
  hold (call: string): { readonly begun: Promise<undefined>, readonly go: () => void }
  call (name: string): Promise<void>
}

export function createWorld (): World {
  const log: string[] = []
  const failing = new Map<string, string>()
  const held = new Map<string, { readonly begun: PromiseWithResolvers<undefined>, readonly end: PromiseWithResolvers<undefined> }>()
  return {
    log,
    failing,
    hold (call) {
      const one = { begun: Promise.withResolvers<undefined>(), end: Promise.withResolvers<undefined>() }
      held.set(call, one)
      return { begun: one.begun.promise, go: () => one.end.resolve(undefined) }
    },
    async call (name) {
      log.push(name)
      const wait = held.get(name)
      held.delete(name)
      wait?.begun.resolve(undefined)
      await wait?.end.promise
      const failure = failing.get(name)
      if (failure !== undefined) throw new Error(failure)
    }
  }
}

export interface ServerDouble extends OvsdbServer {
  /** What the next look finds. */
  seen: ServerObservation
  /** Calls the listener of `onTrouble`. */
  trouble (): void
}

export function serverDouble (world: World, name: string): ServerDouble {
  const listeners: (() => void)[] = []
  const double: ServerDouble = {
    name,
    seen: observation(),
    trouble: () => { for (const listener of listeners) listener() },
    start: () => world.call(`start ${name}`).then(() => ({ adopted: false })),
    observe: () => Promise.resolve(double.seen),
    onTrouble: listener => { listeners.push(listener) },
    becomeBackup: () => world.call(`becomeBackup ${name}`).then(() => { double.seen = { ...double.seen, role: 'backup' } }),
    follow: source => world.call(`follow ${name} ${source.node} ${source.address}`),
    promote: position => world.call(`promote ${name}`).then(() => { double.seen = { ...double.seen, role: 'active', position } }),
    openGate: () => world.call(`openGate ${name}`),
    closeGate: () => world.call(`closeGate ${name}`),
    writeMarker: () => world.call(`writeMarker ${name}`),
    awaitMarker: () => world.call(`awaitMarker ${name}`),
    writeHeartbeat: () => world.call(`writeHeartbeat ${name}`),
    restart: () => world.call(`restart ${name}`),
    convert: () => world.call(`convert ${name}`),
    kill: () => world.call(`kill ${name}`),
    detach: () => world.call(`detach ${name}`)
  }
  return double
}

export function endpointDouble (world: World): Endpoint {
  return {
    addresses: ['10.0.0.100'],
    hold: () => world.call('hold endpoint'),
    announce: () => { world.log.push('announce endpoint') },
    release: () => world.call('release endpoint'),
    held: () => Promise.resolve(new Map([['10.0.0.100', true]])),
    onDuplicate: () => { world.log.push('watch for duplicates') },
    detach: () => { world.log.push('detach endpoint') }
  }
}

/** Writes down the lifetime that it was opened for, too. */
export function guardDouble (world: World, kind: Guard['kind'] = 'nftables'): Guard & { readonly lifetimesMs: number[] } {
  const lifetimesMs: number[] = []
  return {
    kind,
    lifetimesMs,
    slackMs: 100,
    install: () => world.call('install guard'),
    open: lifetimeMs => {
      lifetimesMs.push(lifetimeMs)
      return world.call('open guard')
    },
    close: () => world.call('close guard'),
    remove: () => world.call('remove guard')
  }
}
