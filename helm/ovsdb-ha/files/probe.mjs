// Asks the agent of this pod for one of its health pages: probe.mjs PATH (/healthz, /readyz). Exit code 0 exactly when it answers 200.
// The agent lets nobody in without a certificate of its authority, which no probe of the kubelet has: hence a command.
// Environment: OVSDB_HA_ADDRESSES, a directory with a file per Kubernetes node that holds "NAME ADDRESS PORT";
// OVSDB_HA_KUBERNETES_NODE, which of them; OVSDB_HA_TLS, the directory of the certificates (empty: plain HTTP).
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'

const DEADLINE_MS = 4_000
const { OVSDB_HA_ADDRESSES: addresses, OVSDB_HA_KUBERNETES_NODE: node, OVSDB_HA_TLS: tls = '' } = process.env
const [name, host, port] = readFileSync(`${addresses}/${node}`, 'utf8').trim().split(' ')
const read = file => readFileSync(`${tls}/${file}`)
const options = { host, port, path: process.argv[2], agent: false, signal: AbortSignal.timeout(DEADLINE_MS) }
// the name that agents and voters know it by
const certificates = () => ({ ca: read('ca.crt'), cert: read(`${name}.crt`), key: read(`${name}.key`), servername: name })
const request = tls === '' ? http.get(options) : https.get({ ...options, ...certificates() })

const end = (code, why) => {
  console.log(why)
  process.exit(code)
}
request.on('error', error => end(1, `${host}:${port}${options.path}: ${error.message}`))
request.on('response', response => {
  let body = ''
  response.setEncoding('utf8')
  response.on('data', piece => { if (body.length < 2_000) body += piece })
  response.on('error', error => end(1, error.message))
  response.on('end', () => end(response.statusCode === 200 ? 0 : 1, `${response.statusCode} ${body}`))
})
