"""Makes a key of every algorithm, and with PyJWT a token signed by each; prints {keys, tokens} as JSON."""
import json, time
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

keys, tokens = [], {}
now = int(time.time())
for alg in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]:
    key = {"RS": lambda: rsa.generate_private_key(65537, 2048), "PS": lambda: rsa.generate_private_key(65537, 2048),
           "Ed": ed25519.Ed25519PrivateKey.generate,
           "ES": lambda: ec.generate_private_key({"256": ec.SECP256R1, "384": ec.SECP384R1, "512": ec.SECP521R1}[alg[2:]]())}[alg[:2]]()
    kid = "pyjwt-" + alg
    public = json.loads(jwt.get_algorithm_by_name(alg).to_jwk(key.public_key()))
    public.pop("key_ops", None)
    keys.append({**public, "alg": alg, "use": "sig", "kid": kid})
    claims = {"iss": "https://pyjwt.example", "aud": ["https://orders.example.com"], "sub": "ann", "iat": now, "exp": now + 300, "scope": "orders:read"}
    tokens[alg] = jwt.encode(claims, key, alg, {"kid": kid})
print(json.dumps({"issuer": "https://pyjwt.example", "keys": keys, "tokens": tokens}))
