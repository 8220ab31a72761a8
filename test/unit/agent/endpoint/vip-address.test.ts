import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdProblem } from '../../../../agent/endpoint/vip-address.ts'
import type { PresentAddress } from '../../../../agent/endpoint/ip-command.ts'

const CONFIG = { type: 'vip', interface: 'eth0', addresses: [{ address: 'FD00:0:0::9', prefixLength: 64, family: 6 }] } as const

function present (changes: Partial<PresentAddress> = {}): PresentAddress {
  return { interface: 'eth0', address: 'fd00::9', prefixLength: 64, validSec: 3, interfaceUp: true, carrier: true, ...changes }
}

function problem (rows: readonly PresentAddress[], words = ''): string | null {
  return holdProblem(CONFIG, { present: rows, words }, 3)
}

test('an address that was read back with its lifetime is fine, however its text is written', () => {
  assert.equal(problem([present()]), null)
})

test('absence is told with the words of ip', () => {
  assert.equal(problem([], 'Cannot find device "eth0"'), 'FD00:0:0::9/64 is not there (ip: Cannot find device "eth0")')
  assert.match(problem([present({ interface: 'eth1' })]) ?? '', /is not there/)
  assert.match(problem([present({ prefixLength: 128 })]) ?? '', /is not there/)
})

test('an address without an end, or with a later one than was asked for, is refused (S4)', () => {
  assert.match(problem([present({ validSec: null })]) ?? '', /has no lifetime/)
  assert.match(problem([present(), present({ interface: 'lo', validSec: null })]) ?? '', /fd00::9\/64 on lo has no lifetime/)
  assert.match(problem([present({ validSec: 90 })], 'Operation not permitted') ?? '', /kept an earlier lifetime of 90 s \(ip: Operation not permitted\)/)
})

test('an interface that is down or has no carrier carries no endpoint', () => {
  assert.match(problem([present({ interfaceUp: false })]) ?? '', /eth0 is down/)
  assert.match(problem([present({ carrier: false })]) ?? '', /eth0 has no carrier/)
})
