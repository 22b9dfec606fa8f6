"""What somebody writes who holds a person's key and the log's folder: any statement they like."""

import base64
import hashlib
import json
import secrets
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.e2e.playground import Playground


def newest(place: Playground, kind: str) -> dict[str, Any]:
    """The newest statement of a type in the log, as plain JSON."""
    for name in reversed(place.records()):
        body = json.loads(json.loads((place.folder / "log" / name).read_bytes())["body"])
        if body["type"] == kind:
            found: dict[str, Any] = body
            return found
    raise LookupError(kind)


def now(**later: float) -> str:
    """A time as statements write it, so much later than now."""
    return f"{datetime.now(UTC) + timedelta(**later):%Y-%m-%dT%H:%M:%SZ}"


def forge(place: Playground, person: str, body: dict[str, Any], **changes: Any) -> str:
    """Sign a changed statement with the person's real key and append it; answers a request's id.

    The statement is made to fit: fresh nonce and time, the true head, the person's name and key.
    """
    last = place.records()[-1]
    seq = int(last.split(".")[0]) + 1
    newest_raw = (place.folder / "log" / last).read_bytes()
    raw = forged(place.folder / "keys" / person, body, newest_raw, seq, **changes)
    (place.folder / "log" / f"{seq:012d}.json").write_bytes(raw)
    digest = hashlib.sha256(json.loads(raw)["body"].encode()).digest()
    return "orq_" + base64.b32encode(digest).decode().lower()[:26]


def forged(key: Path, body: dict[str, Any], before: bytes, seq: int, **changes: Any) -> bytes:
    """A record of this number that fits behind the bytes of another, signed with a person's key."""
    prev = hashlib.sha256(before).hexdigest()
    public = " ".join(key.with_suffix(".pub").read_text(encoding="utf-8").split()[:2])
    fitting = {
        "created_at": now(),
        "nonce": secrets.token_hex(16),
        "head": {"seq": seq - 1, "hash": prev},
        "signer": {"person": key.name, "key": public},
    }
    statement = body | fitting | changes
    text = json.dumps(statement, sort_keys=True, indent=2) + "\n"
    signature = sign(key, text, f"orgroot-{statement['type']}-v1")
    record = {
        "body": text,
        "log": statement["log"],
        "prev": prev,
        "seq": seq,
        "sigs": [{"alg": "sshsig", "key": public, "sig": signature}],
        "v": 1,
    }
    return (json.dumps(record, sort_keys=True, separators=(",", ":")) + "\n").encode("ascii")


def sign(key: Path, text: str, namespace: str) -> str:
    """What `ssh-keygen -Y sign` makes of a text."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "statement"
        file.write_text(text, encoding="ascii")
        command = ["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", str(key), str(file)]
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        return file.with_name("statement.sig").read_text(encoding="ascii")
