import { mkdir, writeFile } from 'node:fs/promises'
import { certificatePaths } from './cluster-file.ts'
import { command } from './command.ts'
import { type TestbedPlan } from './plan.ts'

const OPENSSL_CONFIG = `[req]
distinguished_name = name
prompt = no
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = keyCertSign, cRLSign
subjectKeyIdentifier = hash
[member]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
subjectAltName = $ENV::SUBJECT_ALT_NAME
`

/**
 * Makes an authority, a certificate for every host by its name and address, and one, `server`, for all ovsdb-servers
 * (which check only the authority). Keys live as long as the testbed.
 */
export async function makeCertificates (plan: TestbedPlan): Promise<void> {
  const directory = `${plan.sharedDirectory}/tls`
  const config = `${directory}/openssl.cnf`
  const authority = { certificate: `${directory}/ca-cert.pem`, privateKey: `${directory}/ca-key.pem` }
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeFile(config, OPENSSL_CONFIG)
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30', '-config', config]
  await command('openssl', [
    ...request, '-extensions', 'authority', '-subj', `/CN=testbed ${plan.index} authority`,
    '-keyout', authority.privateKey, '-out', authority.certificate
  ], { env: { SUBJECT_ALT_NAME: 'DNS:authority' } })
  const members = [
    ...plan.hosts.map(host => ({ name: host.name, addresses: [host.address, host.address6] })),
    { name: 'server', addresses: plan.hosts.map(host => host.address).concat(plan.vip, plan.vip6) }
  ]
  for (const { name, addresses } of members) {
    const files = certificatePaths(plan, name)
    await command('openssl', [
      ...request, '-extensions', 'member', '-CA', authority.certificate, '-CAkey', authority.privateKey,
      '-subj', `/CN=${name}`, '-keyout', files.privateKey, '-out', files.certificate
    ], { env: { SUBJECT_ALT_NAME: [`DNS:${name}`, ...addresses.map(address => `IP:${address}`)].join(',') } })
  }
}
