import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'

export interface Certificate { readonly key: string, readonly cert: string, readonly ca: string }

/** A certificate authority of the test's own, and one certificate per name with that name as its only DNS name; -1 days: it ended yesterday. */
export async function makeCertificates (names: readonly string[], days = 2): Promise<ReadonlyMap<string, Certificate>> {
  const directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-certificates-'))
  const openssl = (...args: readonly string[]) => execa('openssl', args, { cwd: directory, timeout: 20_000, stdin: 'ignore' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  try {
    await openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test authority', '-days', '2')
    const ca = await readFile(join(directory, 'ca.pem'), 'utf8')
    const made = new Map<string, Certificate>()
    for (const name of names) {
      await openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
      await writeFile(join(directory, `${name}.ext`), `subjectAltName=DNS:${name}\n`)
      await openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', `${name}.pem`, '-days', String(days), '-extfile', `${name}.ext`)
      made.set(name, { key: await readFile(join(directory, `${name}.key`), 'utf8'), cert: await readFile(join(directory, `${name}.pem`), 'utf8'), ca })
    }
    return made
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
