"""How a function in Python tells a request that Portcullis has judged from one that went around it."""
import base64, hashlib, hmac, json


def assertion(jws, audience, method, host, target, now, *secrets):
    """The claims of an assertion: made with one of the secrets (two while they are being changed), for
    audience, not expired, in no monitor mode, and for this method, host and request target."""
    def b64(raw): return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    def unb64(text): return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    text, _, mac = jws.rpartition(".")
    good = [s for s in secrets if hmac.compare_digest(b64(hmac.digest(s.encode(), text.encode(), "sha256")).encode(), mac.encode())]
    head, _, body = text.partition(".")
    if not good or not unb64(head).startswith(b'{"alg":"HS256","typ":"portcullis+jwt",'):
        raise ValueError("no assertion of ours")
    c = json.loads(unb64(body))
    digest = b64(hashlib.sha256(f"{method}\n{host}\n{target}".encode()).digest())
    if c["aud"] != audience or not c["iat"] - 60 <= now < c["exp"] or "mode" in c or c["digest"] != digest:
        raise ValueError("not for this request")
    return c
