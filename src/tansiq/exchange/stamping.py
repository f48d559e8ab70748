"""Timestamps of RFC 3161 over a head's token: what is asked of an authority outside all nodes, and how it is checked.

Two partners that collude could rewrite what they both witnessed; an authority that knows neither cannot be asked to.
What is stamped is the SHA-512 of the head's token, so the authority learns nothing of the log but how often it asks.
"""

from datetime import datetime

import rfc3161_client as rfc3161
from cryptography import x509

from tansiq.ground.errors import Malformed, Untrusted

REQUEST_TYPE, RESPONSE_TYPE = "application/timestamp-query", "application/timestamp-reply"
MOST_RESPONSE = 65_536


def ask(head: str) -> bytes:
    """The request to stamp a head's token, with a nonce, asking for the authority's certificate."""
    builder = rfc3161.TimestampRequestBuilder().data(head.encode()).cert_request(cert_request=True)
    return builder.build().as_bytes()


def check(response: bytes, head: str, authority: bytes) -> datetime:
    """When the authority (its root certificates, PEM) saw this head; else Malformed or Untrusted."""
    try:
        roots = x509.load_pem_x509_certificates(authority)
    except ValueError as error:
        raise Malformed("The authority's certificates cannot be read.", "Name a PEM file.") from error
    if len(response) > MOST_RESPONSE:
        raise Malformed("The timestamp is too long.", "Ask the authority again.")
    try:
        answer = rfc3161.decode_timestamp_response(response)
        builder = rfc3161.VerifierBuilder()
        for root in roots:
            builder = builder.add_root_certificate(root)
        builder.build().verify_message(answer, head.encode())
        return answer.tst_info.gen_time
    except rfc3161.VerificationError as error:
        raise Untrusted(f"The timestamp does not hold: {error}.", "Ask the authority again.") from error
    except (ValueError, TypeError) as error:
        raise Malformed("This is no timestamp of RFC 3161.", "Ask the authority again.") from error
