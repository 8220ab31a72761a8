import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemsWith, warningsWith } from '../../config-fixture.ts'

const withLevel = (level: unknown) => problemsWith({ 'nodes.0.fence': { levels: [level] } })
const told = (level: unknown) => withLevel(level).map(({ path, message }) => `${path}: ${message}`)

test('a level has one way: a fence agent or a program of one\'s own', () => {
  assert.deepEqual(told({ agent: 'fence_virsh', options: { plug: 'vm1' } }), [])
  assert.deepEqual(told({ exec: '/usr/bin/power' }), [])
  assert.match(told({ timeout: '3s' }).join(), /fence\.levels\[0\]: has neither agent nor exec/)
  assert.match(told({ agent: 'fence_virsh', exec: '/usr/bin/power' }).join(), /exec: stands beside agent/)
  assert.match(told({ exec: '/usr/bin/power', options: { ip: 'x' } }).join(), /options: belongs to a fence agent/)
  assert.match(told({ exec: ['power', 'rack7'] }).join(), /exec\[0\]: is no absolute path/)
})

test('a program that is no fence agent by its name, and an unknown key, are refused with what is near', () => {
  assert.match(told({ agent: 'reboot' }).join(), /agent: does not have the allowed form/)
  assert.deepEqual(withLevel({ agent: 'fence_virsh', optoins: {} }).map(({ path, nearest }) => [path, nearest]), [['nodes[0].fence.levels[0].optoins', 'options']])
})

test('the action is ours to set, and a name that cannot be an option is told with the nearest one', () => {
  assert.match(told({ agent: 'fence_virsh', options: { action: 'off' } }).join(), /options\.action: is set by ovsdb-ha itself/)
  assert.deepEqual(withLevel({ agent: 'fence_virsh', options: { 'Username ': 'x' } }).map(({ nearest }) => nearest), ['username'])
  assert.match(told({ agent: 'fence_virsh', options: { ip: 'a\naction=on' } }).join(), /options\.ip: does not have the allowed form/)
  assert.match(told({ agent: 'fence_virsh', options: { password_script: '/x' }, secrets: { password_script: '/y' } }).join(), /is set under options too/)
})

test('a password in the file that every node has is a warning', () => {
  const warned = warningsWith({ 'nodes.0.fence': { levels: [{ agent: 'fence_virsh', options: { password: 'x' } }] } })
  assert.match(warned.map(({ message }) => message).join(), /under secrets/)
})

test('two nodes that are fenced with the same delay are a warning', () => {
  const levels = [{ exec: '/usr/bin/power' }]
  const pair = (delay: string) => warningsWith({ 'clusters.0.nodes': ['ctl1', 'ctl2'], 'nodes.0.fence': { levels }, 'nodes.1.fence': { delay, levels } }).map(({ message }) => message).join()
  assert.match(pair('0s'), /longer fence\.delay/)
  assert.doesNotMatch(pair('5s'), /longer fence\.delay/)
})

test('two nodes that can both be powered off are told what to expect, and with one device what is missing (S9)', () => {
  const levels = [{ exec: '/usr/bin/power' }]
  const warned = (second: object) => warningsWith({ 'clusters.0.nodes': ['ctl1', 'ctl2'], 'nodes.0.fence': { levels, delay: '2s' }, ...second }).map(({ message }) => message).join()
  assert.match(warned({ 'nodes.1.fence': { levels } }), /two voters with fence devices: when a node is lost the other one goes on once its device says that it is off/)
  assert.match(warned({}), /two voters: no automatic failover when a node is lost/)
})
