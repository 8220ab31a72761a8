// Why nobody could be reached, in words for an operator: libraries and kernels say it in codes, and each in its own way.

type Words = (where: string, error: Error & { readonly reason?: unknown }, dialTimeoutMs: number | null) => string

/** In the words of a dial that was refused, and in no others: the host is up, and nobody listens there. */
export const REFUSES = 'refuses the connection'

const refused: Words = where => `${where} ${REFUSES}`
const brokenOff: Words = where => `${where} broke off the connection`
const silent: Words = (where, _error, dialTimeoutMs) => `no answer from ${where}${dialTimeoutMs === null ? '' : ` within ${dialTimeoutMs} ms`}`
const foreignSigner: Words = where => `the certificate of ${where} is not signed by the authority that is trusted here`
const notOurCertificate: Words = where => `${where} does not accept our certificate`
const noTls: Words = where => `what listens on ${where} does not speak TLS, or no version of it that both know`
const noHttp: Words = where => `what listens on ${where} does not speak HTTP`

const WORDS: Readonly<Record<string, Words>> = {
  ECONNREFUSED: refused,
  EHOSTUNREACH: where => `no route to ${where}, or its host does not answer`,
  ENETUNREACH: where => `no route to ${where}`,
  EADDRNOTAVAIL: where => `this host has no address from which ${where} could be reached`,
  ETIMEDOUT: where => `no answer from ${where}`,
  UND_ERR_CONNECT_TIMEOUT: silent,
  ECONNRESET: brokenOff,
  ECONNABORTED: brokenOff,
  EPIPE: brokenOff,
  UND_ERR_SOCKET: brokenOff,
  ENOTFOUND: where => `the name in ${where} is unknown`,
  EAI_AGAIN: where => `the name in ${where} cannot be looked up: no name server answers`,
  ERR_TLS_CERT_ALTNAME_INVALID: (where, { reason, message }) => `the certificate of ${where} is another one's: ${typeof reason === 'string' ? reason : message}`,
  CERT_HAS_EXPIRED: where => `the certificate of ${where} has expired`,
  CERT_NOT_YET_VALID: where => `the certificate of ${where} is not valid yet: a clock is wrong`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: foreignSigner,
  UNABLE_TO_GET_ISSUER_CERT: foreignSigner,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: foreignSigner,
  SELF_SIGNED_CERT_IN_CHAIN: foreignSigner,
  DEPTH_ZERO_SELF_SIGNED_CERT: foreignSigner,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: notOurCertificate,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: notOurCertificate,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: notOurCertificate,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: notOurCertificate,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: notOurCertificate,
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: noTls,
  ERR_SSL_UNSUPPORTED_PROTOCOL: noTls,
  EPROTO: noTls
}

/** One line about a request that failed; `where` is the address and port that was dialled, `dialTimeoutMs` how long at most (null: unknown). What is not about the connection speaks for itself. */
export function connectionWords (error: unknown, where: string, dialTimeoutMs: number | null = null): string {
  const first = firstOf(error)
  const code = first instanceof Error && 'code' in first ? String(first.code) : ''
  const words = first instanceof Error && first.name === 'HTTPParserError' ? noHttp : WORDS[code]
  return words === undefined || !(first instanceof Error) ? oneLine(first) : words(where, first, dialTimeoutMs)
}

/** One line for people. A failed dial of several addresses has an empty message and its reasons inside. */
export function oneLine (error: unknown): string {
  const first = firstOf(error)
  if (!(first instanceof Error)) return String(first)
  const text = first.message === '' ? first.name : first.message
  return text.replaceAll(/\s*\n\s*/g, ' ')
}

function firstOf (error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? firstOf(error.errors[0]) : error
}
