import { monotonicMs } from '../clock.ts'
import ipaddr from 'ipaddr.js'
import { CommandError } from '../command.ts'
import type { VipAddress, VipEndpointConfig } from '../../protocol/cluster.ts'
import { changeAndRead, deleteLine, lifetimeSec, replaceLine, type IpResult, type PresentAddress } from './ip-command.ts'

/** A lifetime that is set late ends late. A slower `ip` is killed or its work repeated with what is left; the slack of the VIP's lifetime counts on it. */
export const HOLD_LATE_MAX_MS = 500
const HOLD_ATTEMPTS = 3

/** Gives every address a lifetime that ends at `untilMs` (monotonic), rounded up to the kernel's second, and reads it back. */
export async function takeAddresses (config: VipEndpointConfig, untilMs: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; attempt <= HOLD_ATTEMPTS; attempt++) {
    const startedMs = monotonicMs()
    const remainingMs = untilMs - startedMs
    if (remainingMs <= 0) throw new Error('the lease ended before the addresses could be taken')
    const seconds = lifetimeSec(remainingMs)
    const changes = config.addresses.map(address => replaceLine(address, config.interface, seconds))
    const outcome = await orTimeout(changeAndRead(changes, config.addresses, Math.min(timeoutMs, HOLD_LATE_MAX_MS), signal))
    if (outcome === 'timeout' || monotonicMs() - startedMs > HOLD_LATE_MAX_MS) continue
    const problem = holdProblem(config, outcome, seconds)
    if (problem !== null) throw new Error(problem)
    return
  }
  throw new Error(`ip took longer than ${HOLD_LATE_MAX_MS} ms, ${HOLD_ATTEMPTS} times`)
}

/** Deletes the addresses and reads that they are gone from the whole host; absent ones are fine. */
export async function dropAddresses (config: VipEndpointConfig, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const wanted = config.addresses.map(address => deleteLine(address.address, address.prefixLength, config.interface))
  const first = await changeAndRead(wanted, config.addresses, timeoutMs, signal)
  if (first.present.length === 0) return
  // on another interface (renamed, by hand) or with another prefix length: clients reach it there just as well
  const elsewhere = first.present.map(one => deleteLine(one.address, one.prefixLength, one.interface))
  const second = await changeAndRead(elsewhere, config.addresses, timeoutMs, signal)
  if (second.present.length > 0) throw new Error(`still there: ${second.present.map(placeOf).join(', ')}${withWords(second.words)}`)
}

/** Which of the addresses this host has, on whatever interface. */
export async function readAddresses (config: VipEndpointConfig, timeoutMs: number): Promise<Map<string, boolean>> {
  const { present } = await changeAndRead([], config.addresses, timeoutMs)
  return new Map(config.addresses.map(address => [address.address, present.some(one => isSame(one, address))]))
}

/**
 * What is wrong with the addresses as they were read back after a hold; null when nothing is. Presence without an end
 * is as bad as absence: an address that stays for ever outlives the lease (S4).
 */
export function holdProblem (config: VipEndpointConfig, { present, words }: IpResult, maxSec: number): string | null {
  for (const address of config.addresses) {
    const places = present.filter(one => isSame(one, address))
    const here = places.find(one => one.interface === config.interface && one.prefixLength === address.prefixLength)
    if (here === undefined) return `${address.address}/${address.prefixLength} is not there${withWords(words)}`
    const endless = places.find(one => one.validSec === null)
    if (endless !== undefined) return `${placeOf(endless)} has no lifetime: it was added by something else${withWords(words)}`
    if ((here.validSec ?? 0) > maxSec) return `${placeOf(here)} kept an earlier lifetime of ${here.validSec} s${withWords(words)}`
    if (!here.interfaceUp) return `the interface ${config.interface} is down`
    if (!here.carrier) return `the interface ${config.interface} has no carrier (its link or lower layer is down)`
  }
  return null
}

function isSame (one: PresentAddress, address: VipAddress): boolean {
  return ipaddr.parse(one.address).toString() === ipaddr.parse(address.address).toString()
}

function placeOf (one: PresentAddress): string {
  return `${one.address}/${one.prefixLength} on ${one.interface}`
}

function withWords (words: string): string {
  return words === '' ? '' : ` (ip: ${words})`
}

async function orTimeout<T> (work: Promise<T>): Promise<T | 'timeout'> {
  try {
    return await work
  } catch (error) {
    if (error instanceof CommandError && error.why === 'timeout') return 'timeout'
    throw error
  }
}
