import { monotonicMs } from '../clock.ts'
import { CommandError } from '../command.ts'
import { createLane } from '../lane.ts'
import type { VipEndpointConfig } from '../../protocol/cluster.ts'
import { announcingPrograms, createAnnouncer } from './announce.ts'
import { createAnnouncingPrograms } from './announcing-programs.ts'
import { createDuplicateCheck } from './duplicate.ts'
import type { Endpoint } from './endpoint.ts'
import { EndpointError } from './endpoint-errors.ts'
import { dropAddresses, readAddresses, takeAddresses } from './vip-address.ts'

/** What keeps working although it cannot do a part of its work; `null` when it can again. */
export type EndpointProblem = (part: 'announce' | 'announcer' | 'duplicateCheck', problem: string | null) => void

export interface VipEndpointOptions {
  readonly cluster: string
  readonly node: string
  readonly config: VipEndpointConfig
  readonly commandTimeoutMs: number
  readonly onProblem?: EndpointProblem
  readonly duplicateFirstAfterMs?: number
  readonly duplicateEveryMs?: number
}

/**
 * Virtual addresses with a kernel lifetime: an agent that dies or freezes loses them when the lease ends (S4).
 *
 * Each hold and each release is one `ip` process that changes and reads back. They run one at a time, and a release
 * ends a hold under way before it deletes, so that no late hold can bring an address back.
 */
export function createVipEndpoint (options: VipEndpointOptions): Endpoint {
  const { cluster, node, config, commandTimeoutMs, onProblem = () => {} } = options
  const lane = createLane()
  const programs = createAnnouncingPrograms({ programs: announcingPrograms(config.addresses, config.interface), onProblem: problem => onProblem('announcer', problem) })
  const listeners = new Set<(address: string, owner: string) => void>()
  const announcer = createAnnouncer({ interface: config.interface, addresses: config.addresses, programs, onProblem: problem => onProblem('announce', problem) })
  const duplicates = createDuplicateCheck({
    interface: config.interface,
    addresses: config.addresses,
    firstAfterMs: options.duplicateFirstAfterMs ?? 5_000,
    everyMs: options.duplicateEveryMs ?? 60_000,
    programs,
    onDuplicate: (address, owner) => listeners.forEach(listener => listener(address, owner)),
    onProblem: problem => onProblem('duplicateCheck', problem)
  })

  function failure (doing: string, cause: unknown): EndpointError {
    if (cause instanceof EndpointError) return cause
    const words = cause instanceof Error ? cause.message : String(cause)
    const hint = cause instanceof CommandError && cause.why === 'missing' ? 'Install iproute2 on the node.' : undefined
    return new EndpointError(`${doing} ${addressList(config)} on ${config.interface} failed: ${words}`, { cluster, node, cause }, hint)
  }

  return {
    addresses: config.addresses.map(({ address }) => address),
    async hold (lifetimeMs) {
      const untilMs = monotonicMs() + lifetimeMs
      try {
        await lane.run(signal => takeAddresses(config, untilMs, commandTimeoutMs, signal))
      } catch (cause) {
        throw failure('taking', cause)
      }
      duplicates.start()
    },
    announce: announcer.start,
    async release () {
      announcer.stop()
      duplicates.stop()
      try {
        await lane.urgent(signal => dropAddresses(config, commandTimeoutMs, signal))
      } catch (cause) {
        throw failure('releasing', cause)
      } finally {
        duplicates.stop() // a hold that was overtaken at its very end may have started it again
      }
    },
    async held () {
      await programs.look()
      try {
        return await readAddresses(config, commandTimeoutMs)
      } catch (cause) {
        throw failure('reading', cause)
      }
    },
    onDuplicate: listener => { listeners.add(listener) },
    detach () {
      announcer.stop()
      duplicates.stop()
    }
  }
}

function addressList (config: VipEndpointConfig): string {
  return config.addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`).join(', ')
}
