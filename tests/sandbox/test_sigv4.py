"""The signature check against AWS's own published example of a chunked upload."""

from dataclasses import replace

import pytest

from orgroot.sandbox import sigv4
from orgroot.sandbox.wire import HttpRequest

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
CHUNKS = (
    (65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
    (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
    (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
)
BODY = b"".join(
    f"{size:x};chunk-signature={signature}\r\n".encode() + b"a" * size + b"\r\n"
    for size, signature in CHUNKS
)
SIGNED = (
    "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
    "x-amz-decoded-content-length;x-amz-storage-class"
)


def upload(body: bytes = BODY) -> HttpRequest:
    """The example of "Signature calculations: transferring payload in multiple chunks"."""
    return HttpRequest(
        method="PUT",
        raw_path="/examplebucket/chunkObject.txt",
        query="",
        headers={
            "host": "s3.amazonaws.com",
            "x-amz-date": "20130524T000000Z",
            "x-amz-storage-class": "REDUCED_REDUNDANCY",
            "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "content-encoding": "aws-chunked",
            "x-amz-decoded-content-length": "66560",
            "content-length": "66824",
            "authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/"
            f"s3/aws4_request, SignedHeaders={SIGNED}, Signature={SEED}",
        },
        body=body,
        host="s3.amazonaws.com",
        peer="127.0.0.1",
        proxied=True,
    )


def test_the_published_example_is_accepted() -> None:
    """Seed signature and every chunk's must match AWS's own numbers."""
    signature = sigv4.find(upload())
    assert signature is not None
    assert sigv4.matches(upload(), signature, SECRET)


@pytest.mark.parametrize(
    "body",
    [BODY.replace(b"aaa", b"aab", 1), BODY[: -len(CHUNKS[2][1]) - 30], b"", BODY[:1000]],
    ids=["changed", "without its end", "empty", "cut"],
)
def test_a_touched_payload_is_refused(body: bytes) -> None:
    """No chunk may be changed, left out or cut."""
    signature = sigv4.find(upload())
    assert signature is not None
    assert not sigv4.matches(upload(body), signature, SECRET)


def test_another_secret_or_header_is_refused() -> None:
    """Secret and signed headers must both count."""
    signature = sigv4.find(upload())
    assert signature is not None
    assert not sigv4.matches(upload(), signature, "another")
    headers = {**upload().headers, "x-amz-storage-class": "STANDARD"}
    assert not sigv4.matches(replace(upload(), headers=headers), signature, SECRET)
    without_host = replace(signature, signed_headers=signature.signed_headers[3:])
    assert not sigv4.matches(upload(), without_host, SECRET)
