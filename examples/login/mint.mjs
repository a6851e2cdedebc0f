// Makes a key of every algorithm with jose, and a token signed by each; prints {keys, tokens} as JSON.
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

const keys = [], tokens = {}
for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const kid = `jose-${alg}`
  keys.push({ ...await exportJWK(publicKey), alg, use: 'sig', kid })
  tokens[alg] = await new SignJWT({ scope: 'orders:read' }).setProtectedHeader({ alg, kid, typ: 'at+jwt' })
    .setIssuer('https://jose.example').setAudience('https://orders.example.com').setSubject('ann').setIssuedAt().setExpirationTime('5m').sign(privateKey)
}
console.log(JSON.stringify({ issuer: 'https://jose.example', keys, tokens }))
