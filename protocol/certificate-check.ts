// Whether a daemon's certificate can do what it is for, told at its start and not by handshakes that fail later on every peer.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { TlsFiles } from './cluster.ts'
import { OvsdbHaError } from './errors.ts'

/** PEM texts, not paths. */
export interface CertificateTexts {
  readonly key: string
  readonly cert: string
  readonly ca: string
}

/** A file of `tls` in cluster.yaml is missing or cannot do what it is for: nobody would talk to this process. */
export class CertificateUnusableError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_CERTIFICATE_UNUSABLE'
  readonly httpStatus = 503
  readonly hint = 'Put a sound file there (docs/guide/three-nodes-systemd.md, "Certificates"), and start this process again: certificates are read at the start.'

  constructor (file: string, node: string, what: string, options: { readonly cause?: unknown } = {}) {
    super(`${file}, for ${node}: ${what}`, { node, ...options })
  }
}

/** A chain of more certificates than this is none of ours. */
const CHAIN_MAX = 10

/**
 * Reads and checks the files of one daemon, whose name must be in its certificate. How to read a file is the caller's, so that this stays
 * free of I/O. Rejects with CertificateUnusableError.
 */
export async function loadCertificate (files: TlsFiles, name: string, read: (path: string) => Promise<string>, nowMs: number): Promise<CertificateTexts> {
  const paths = { key: files.privateKey.replaceAll('{node}', name), cert: files.certificate.replaceAll('{node}', name), ca: files.caCertificate.replaceAll('{node}', name) }
  const readNamed = async (path: string): Promise<string> => {
    try {
      return await read(path)
    } catch (cause) {
      throw new CertificateUnusableError(path, name, `it cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    }
  }
  const texts = { key: await readNamed(paths.key), cert: await readNamed(paths.cert), ca: await readNamed(paths.ca) }
  const problem = certificateProblem(texts, name, nowMs)
  if (problem !== null) throw new CertificateUnusableError(paths[problem.file], name, problem.what)
  return texts
}

/** What is wrong, and with which of the three; null when nothing is. Cheap enough to ask again and again: a certificate that was good ends one day. */
export function certificateProblem ({ key, cert, ca }: CertificateTexts, name: string, nowMs: number): { readonly file: keyof CertificateTexts, readonly what: string } | null {
  const [chain, authorities] = [certificatesIn(cert), certificatesIn(ca)]
  const [own] = chain ?? []
  if (chain === null || own === undefined) return { file: 'cert', what: 'it is no certificate (PEM)' }
  if (authorities === null || authorities.length === 0) return { file: 'ca', what: 'it is no certificate of an authority (PEM)' }
  const late = ended(own, nowMs)
  if (late !== null) return { file: 'cert', what: late }
  if (own.checkHost(name, { subject: 'default', wildcards: false }) === undefined) return { file: 'cert', what: `it is for ${namesOf(own)}, not for ${name}` }
  const keyProblem = keyProblemOf(key, own)
  if (keyProblem !== null) return { file: 'key', what: keyProblem }
  const root = authorityOf(chain, authorities)
  if (root === null) return { file: 'cert', what: 'it was not issued by the authority of tls.caCertificate' }
  const lateRoot = ended(root, nowMs)
  return lateRoot === null ? null : { file: 'ca', what: lateRoot }
}

/** The words for a health check: what `certificateProblem` found, without files. */
export function certificateReason (texts: CertificateTexts | null, name: string, nowMs: number): string | null {
  const problem = texts === null ? null : certificateProblem(texts, name, nowMs)
  return problem === null ? null : `the ${{ key: 'private key', cert: 'certificate', ca: 'certificate of the authority' }[problem.file]}: ${problem.what}`
}

/** Null when one of them cannot be parsed. */
function certificatesIn (pem: string): readonly X509Certificate[] | null {
  try {
    return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(one => new X509Certificate(one))
  } catch {
    return null // what is wrong with its bytes helps nobody
  }
}

function ended (certificate: X509Certificate, nowMs: number): string | null {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
  if (nowMs > to) return `it expired at ${new Date(to).toISOString()}`
  if (nowMs < from) return `it is valid only from ${new Date(from).toISOString()} on: is this host's clock right?`
  return null
}

function namesOf (certificate: X509Certificate): string {
  return (certificate.subjectAltName ?? certificate.subject).replaceAll('\n', ', ')
}

function keyProblemOf (key: string, certificate: X509Certificate): string | null {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key)) ? null : 'it is not the key of the certificate'
  } catch {
    return 'it is no private key (PEM, without a passphrase)'
  }
}

/** The authority that issued the first of the chain, by way of the others; null when there is none. */
function authorityOf (chain: readonly X509Certificate[], authorities: readonly X509Certificate[]): X509Certificate | null {
  let current = chain[0]
  for (let links = 0; current !== undefined && links < CHAIN_MAX; links++) {
    const child = current
    const issued = (by: X509Certificate): boolean => child.checkIssued(by) && child.verify(by.publicKey)
    const authority = authorities.find(issued)
    if (authority !== undefined) return authority
    current = chain.find(one => one !== child && issued(one))
  }
  return null
}
