// Certificates as openssl makes them; each fault of one alone.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { certificateProblem, certificateReason, CertificateUnusableError, loadCertificate } from '../../../protocol/certificate-check.ts'
import { makeCertificates, type Certificate } from '../controller/link/certificates.ts'

/** A little later than now, since the certificates are made afterwards. */
const NOW_MS = Date.now() + 10 * 60 * 1000
const DAY_MS = 24 * 60 * 60 * 1000
const FILES = { privateKey: '/tls/{node}.key', certificate: '/tls/{node}.crt', caCertificate: '/tls/ca.crt' }

let [ctl1, ctl2, stranger]: Array<Certificate> = []

before(async () => {
  const [ours, others] = await Promise.all([makeCertificates(['ctl1', 'ctl2']), makeCertificates(['ctl1'])])
  ;[ctl1, ctl2, stranger] = [ours.get('ctl1'), ours.get('ctl2'), others.get('ctl1')].map(one => one!)
})

const problem = (changes: Partial<Certificate> = {}, { name = 'ctl1', atMs = NOW_MS } = {}) => certificateProblem({ ...ctl1!, ...changes }, name, atMs)

test('a certificate of the authority for this name, with its key and in its time, has no problem', () => {
  assert.equal(problem(), null)
  assert.equal(certificateReason(null, 'ctl1', NOW_MS), null, 'plain HTTP has none that could be wrong')
})

test('one that has expired, or is not valid yet, is told with the date', () => {
  assert.match(problem({}, { atMs: NOW_MS + 3 * DAY_MS })?.what ?? '', /^it expired at 20\d\d-/)
  assert.match(problem({}, { atMs: NOW_MS - DAY_MS })?.what ?? '', /^it is valid only from 20\d\d-.* on: is this host's clock right\?$/)
  assert.match(certificateReason(ctl1!, 'ctl1', NOW_MS + 3 * DAY_MS) ?? '', /^the certificate: it expired at /)
})

test('one for another name is told with the names that it is for', () => {
  assert.deepEqual(problem({}, { name: 'ctl2' }), { file: 'cert', what: 'it is for DNS:ctl1, not for ctl2' })
  assert.equal(problem({}, { name: 'tl1' })?.file, 'cert', 'a part of the name is another name')
})

test('a key of another certificate, an authority that did not issue it, and what is no PEM at all are told with their file', () => {
  assert.deepEqual(problem({ key: ctl2!.key }), { file: 'key', what: 'it is not the key of the certificate' })
  assert.deepEqual(problem({ ca: stranger!.ca }), { file: 'cert', what: 'it was not issued by the authority of tls.caCertificate' })
  for (const wrong of ['', 'rubbish', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']) {
    assert.equal(problem({ cert: wrong })?.file, 'cert', wrong)
    assert.equal(problem({ ca: wrong })?.file, 'ca', wrong)
    assert.equal(problem({ key: wrong })?.file, 'key', wrong)
  }
})

test('an authority of the same name with another key is another authority', () => {
  assert.notEqual(stranger!.ca, ctl1!.ca)
  assert.notEqual(problem({ cert: stranger!.cert, key: stranger!.key }), null)
})

test('of several authorities, as while they are changed, one that issued it is enough', () => {
  assert.equal(problem({ ca: stranger!.ca + ctl1!.ca }), null)
})

test('the files of this name are read, and one that cannot be read or used is named with the node and the next step', async () => {
  const there = new Map([['/tls/ctl1.key', ctl1!.key], ['/tls/ctl1.crt', ctl1!.cert], ['/tls/ctl2.key', ctl2!.key], ['/tls/ctl2.crt', ctl1!.cert], ['/tls/ca.crt', ctl1!.ca]])
  const read = async (path: string) => there.get(path) ?? assert.fail(`ENOENT: no such file or directory, open '${path}'`)
  assert.deepEqual(await loadCertificate(FILES, 'ctl1', read, NOW_MS), ctl1)
  const failure = (name: string) => loadCertificate(FILES, name, read, NOW_MS).then(() => assert.fail('it was taken'), (error: unknown) => {
    assert.ok(error instanceof CertificateUnusableError)
    return error.message
  })
  assert.equal(await failure('ctl2'), '/tls/ctl2.crt, for ctl2: it is for DNS:ctl1, not for ctl2')
  assert.match(await failure('ctl3'), /^\/tls\/ctl3\.key, for ctl3: it cannot be read: ENOENT/)
})
