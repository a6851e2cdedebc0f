// How a function in Node tells a request that Portcullis has judged from one that went around it.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** The claims of an assertion: made with one of the secrets (two while they are being changed), for
 *  audience, not expired, in no monitor mode, and for this method, host and request target. */
export function assertion(jws, audience, method, host, target, now, ...secrets) {
  const [head = '', body = '', mac = '', ...more] = jws.split('.')
  const good = secrets.some(secret => {
    const want = Buffer.from(createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url'))
    return want.length === Buffer.byteLength(mac) && timingSafeEqual(want, Buffer.from(mac))
  })
  if (more.length || !good || !Buffer.from(head, 'base64url').toString().startsWith('{"alg":"HS256","typ":"portcullis+jwt",')) throw new Error('no assertion of ours')
  const c = JSON.parse(Buffer.from(body, 'base64url'))
  const digest = createHash('sha256').update(`${method}\n${host}\n${target}`).digest('base64url')
  if (c.aud !== audience || now >= c.exp || now < c.iat - 60 || c.mode || c.digest !== digest) throw new Error('not for this request')
  return c
}
