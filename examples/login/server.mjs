// An authorization server (oidc-provider) that gives the shop's reporter access tokens (RFC 9068) for one resource,
// signed with the algorithm that the resource names. Prints its issuer when it listens.
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'

const keys = []
for (const alg of ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  keys.push({ ...await exportJWK(privateKey), alg, use: 'sig', kid: `key-${alg.toLowerCase()}` })
}

const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, {
    jwks: { keys },
    clients: [{ client_id: 'reporter', client_secret: 'demo-secret-of-the-reporter', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, resource) => ({
          scope: 'orders:read orders:write', audience: 'https://orders.example.com', accessTokenFormat: 'jwt', accessTokenTTL: 120,
          jwt: { sign: { alg: new URL(resource).searchParams.get('alg') } },
        }),
      },
    },
  })
  server.on('request', provider.callback())
  console.log(issuer)
})
