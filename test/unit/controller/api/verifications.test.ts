import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Verifier } from '../../../../controller/verifier.ts'
import { VerificationUnknownError } from '../../../../controller/verify-errors.ts'
import { verificationOf } from '../verification-views.ts'
import { setUpApi, TOKENS } from './api-fixture.ts'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

test('an operator begins one under a name and a viewer looks at it; what is unknown is refused', async t => {
  const calls: unknown[] = []
  const verifier: Verifier = {
    begin (...call) { calls.push(call); return verificationOf({ outcome: 'running', durationMs: null }) },
    run: async () => verificationOf(),
    show (id) {
      if (id !== '20260102-033000-1') throw new VerificationUnknownError('ovn', id)
      return verificationOf()
    },
    list: () => [verificationOf()]
  }
  const { app, post } = await setUpApi(t, { tokens: TOKENS, verifiers: new Map([['ovn', verifier]]) })
  const path = '/v1/clusters/ovn/verifications'
  assert.equal((await post(path, {}, bearer('viewer-secret'))).status, 403)
  const begun = await post(path, { digests: true, reason: 'monthly' }, bearer('operator-secret'))
  assert.deepEqual([begun.status, begun.body.outcome], [202, 'running'])
  assert.deepEqual(calls, [[{ digests: true, reason: 'monthly' }, 'ann']])
  const get = async (url: string) => {
    const answer = await app.inject({ method: 'GET', url, headers: bearer('viewer-secret') })
    return [answer.statusCode, answer.json().outcome ?? answer.json().code ?? answer.json().verifications.length]
  }
  assert.deepEqual(await get(`${path}/20260102-033000-1`), [200, 'same'])
  assert.deepEqual(await get(`${path}/20260102-033000-9`), [404, 'OVSDB_HA_VERIFICATION_UNKNOWN'])
  assert.deepEqual(await get(path), [200, 1])
  assert.deepEqual(await get('/v1/clusters/nowhere/verifications'), [404, 'OVSDB_HA_CLUSTER_UNKNOWN'])
  assert.equal((await post(path, { digest: true }, bearer('operator-secret'))).status, 400)
})
