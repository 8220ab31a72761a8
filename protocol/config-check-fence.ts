// Fence devices: one way per level, options that a fence agent reads, and what two nodes alone need (S9).
import type { Path } from './config-errors.ts'
import type { Findings } from './config-findings.ts'
import { nearestWord } from './nearest.ts'

/** What the runner itself writes: an operator who sets it would turn an off into something else. */
const RESERVED = ['action', 'option', 'help', 'version']
/** The options that nearly every fence agent has; a word close to one of them is most likely meant to be it. */
const COMMON_OPTIONS = ['ip', 'ipport', 'username', 'password', 'password_script', 'plug', 'lanplus', 'ssl', 'ssl_insecure', 'identity_file', 'login_timeout', 'power_timeout', 'power_wait', 'shell_timeout', 'method', 'cipher', 'privlvl', 'hexadecimal_kg']

export function checkFences (findings: Findings): void {
  for (const [index, node] of (findings.draft.nodes ?? []).entries()) {
    const path = ['nodes', index, 'fence']
    for (const at of (node?.fence?.levels ?? []).keys()) checkLevel(findings, [...path, 'levels', at])
  }
  checkDelays(findings)
}

function checkLevel (findings: Findings, path: Path): void {
  const written = (key: string) => findings.written([...path, key])
  const isExec = written('exec') !== undefined
  if (isExec && written('agent') !== undefined) findings.problem([...path, 'exec'], 'stands beside agent: a level has one way', { allowed: 'agent or exec; make another level of the other one' })
  if (!isExec && written('agent') === undefined) findings.problem(path, 'has neither agent nor exec', { allowed: 'agent: the name of a fence agent, or exec: a program' })
  const exec = written('exec')
  if (Array.isArray(exec) && typeof exec[0] === 'string' && !exec[0].startsWith('/')) findings.problem([...path, 'exec', 0], 'is no absolute path', { allowed: 'an absolute path' })
  const options = keysOf(written('options'))
  const secrets = keysOf(written('secrets'))
  for (const [key, names] of [['options', options], ['secrets', secrets]] as const) {
    if (isExec && names.length > 0) findings.problem([...path, key], 'belongs to a fence agent: a program of your own gets its arguments in exec', { allowed: 'nothing beside exec and timeout' })
    for (const name of names) checkOption(findings, [...path, key, name], name)
  }
  for (const name of secrets.filter(one => options.includes(one))) findings.problem([...path, 'secrets', name], 'is set under options too', { allowed: 'one of the two' })
  if (options.some(name => /^(passw(or)?d|hexadecimal_kg)$/.test(name))) findings.warning([...path, 'options'], 'holds a password, and cluster.yaml is on every node: put it into a file of the controller\'s host, under secrets')
}

function checkOption (findings: Findings, path: Path, name: string): void {
  if (RESERVED.includes(name)) findings.problem(path, 'is set by ovsdb-ha itself', { allowed: 'any option of the fence agent but action' })
  else if (!/^[a-z][a-z0-9_-]{0,63}$/.test(name)) findings.problem(path, 'is no name of an option', { allowed: 'small letters, digits, _ and -', nearest: nearestWord(name.toLowerCase(), COMMON_OPTIONS) })
}

function keysOf (value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}

/** Two nodes with a device each and no difference in delay: two controllers that cannot see each other would fence both. */
function checkDelays (findings: Findings): void {
  for (const [index, cluster] of (findings.draft.clusters ?? []).entries()) {
    const members = cluster?.members ?? []
    if (members.length !== 2) continue
    const fences = members.map(member => findings.draft.nodes?.find(node => node?.name === member?.name)?.fence)
    const [first, second] = fences
    if (first && second && first.delayMs === second.delayMs && first.delayMs !== undefined) {
      findings.warning(['clusters', index, 'nodes'], 'both nodes are fenced with the same delay: should two controllers ever decide at once, each node would be powered off. Give the node that should survive a longer fence.delay')
    }
  }
}
