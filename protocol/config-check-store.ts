// The controllers' store: what fits its type, and how many instances make a majority.
import { refuseDuplicates, type Findings } from './config-findings.ts'

const PATH = ['controller', 'store']
const OF_REDIS = ['urls', 'username', 'passwordFile', 'keyPrefix', 'tls']

export function checkStore (findings: Findings): void {
  const { controller } = findings.draft
  const store = controller?.store
  const names = [controller?.name, ...(controller?.others ?? []).map(other => other?.name)]
  refuseDuplicates(findings, names.map((key, index) => ({ path: index === 0 ? ['controller', 'name'] : ['controller', 'others', index - 1], key })), first => `is the name of another controller too (${first})`)
  if (store?.type === 'embedded') {
    for (const key of OF_REDIS) if (findings.written([...PATH, key]) !== undefined) findings.problem([...PATH, key], 'is for a store of type redis, and this one is embedded', { allowed: 'type: redis, or without this key' })
    if (findings.written(['controller', 'others']) !== undefined) findings.problem(['controller', 'others'], 'several controllers need a store of type redis: the embedded one is for one process', { allowed: 'store.type: redis, or without others' })
  }
  if (store?.type !== 'redis') return
  if (findings.written([...PATH, 'file']) !== undefined) findings.problem([...PATH, 'file'], 'is for a store of type embedded, and this one is redis', { allowed: 'type: embedded, or without this key' })
  if (findings.written([...PATH, 'urls']) === undefined) findings.problem([...PATH, 'urls'], 'is missing: store.type is redis', { allowed: 'a list of one address, or of an odd number of independent ones' })
  checkServers(findings)
}

function checkServers (findings: Findings): void {
  const store = findings.draft.controller?.store
  if (store?.type !== 'redis') return
  const servers = store.servers ?? []
  const path = [...PATH, 'urls']
  refuseDuplicates(findings, servers.map((server, index) => ({ path: [...path, index], key: server?.text })), first => `is there already (${first}): instances must be independent of each other`)
  if (servers.length > 1 && servers.length % 2 === 0) findings.problem(path, `${servers.length} instances: a majority of them survives no more than one of ${servers.length - 1} does`, { allowed: 'one, or an odd number of independent instances' })
  if (servers.length > 1 && servers.some(server => server?.type === 'sentinel')) findings.problem(path, 'sentinel:// stands alone: either Sentinel chooses a master, or independent instances vote', { allowed: 'one sentinel:// address, or redis:// and rediss:// ones' })
  if (store.tls !== null && store.tls !== undefined && servers.every(server => server?.tls === false)) findings.warning([...PATH, 'tls'], 'has no effect: no address begins with rediss://')
  if (store.username !== null && store.passwordFile === null) findings.problem([...PATH, 'passwordFile'], 'is missing beside username', { allowed: 'the absolute path of the file that holds the password' })
}
