"""What can be said of a record by itself, so that it can be said ahead of the fold and elsewhere.

Which of its signatures fit their keys and its text, and what looks like a secret. Whose keys those
are, and whether they may sign this, is for the fold alone.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Protocol

from orgroot.core.codec import Signature, decode_record
from orgroot.core.ephemeral import verify_fact
from orgroot.core.facts import Fact
from orgroot.core.ids import execution_id_of, sha256
from orgroot.core.public_keys import parse_public_key
from orgroot.core.secret_shapes import secret_shapes
from orgroot.core.sshsig import Verified, verify
from orgroot.core.statements import Body, Intent, Survey, from_text
from orgroot.errors import IntegrityError, UsageError

Name = tuple[str, str, str, str]
"""A check by its inputs: namespace (empty: of a fact), key, signature, SHA-256 of the text."""

_MOST_SIGNATURES = 8
"""Only so many of a record are checked ahead: owners are few, and who adds more wants our time."""


class Checks(Protocol):
    """How signatures are checked; each method raises IntegrityError for one that does not fit."""

    def person(self, armored: str, text: bytes, *, namespace: str, key: str) -> Verified:
        """An SSHSIG of a key (`type base64`) over a statement."""
        ...

    def fact(self, key: str, text: bytes, sig: str) -> None:
        """The signature of an ephemeral key (base64) over a fact."""
        ...


class Direct:
    """`Checks` that checks when asked."""

    def person(self, armored: str, text: bytes, *, namespace: str, key: str) -> Verified:
        """As `sshsig.verify`."""
        return verify(armored, text, namespace=namespace, key=parse_public_key(key))

    def fact(self, key: str, text: bytes, sig: str) -> None:
        """As `ephemeral.verify_fact`."""
        verify_fact(key, text, sig)


DIRECT = Direct()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preread:
    """What is known of a record; as `Checks` it checks itself what it does not know.

    Attributes:
        fitting: the checks that were made and passed, and what was found; None: of a fact.
        secrets: kinds of secrets that seem to stand in it; None: nobody looked.
    """

    fitting: Mapping[Name, Verified | None] = field(default_factory=dict)
    secrets: tuple[str, ...] | None = None

    def person(self, armored: str, text: bytes, *, namespace: str, key: str) -> Verified:
        """As `sshsig.verify`."""
        known = self.fitting.get(_name(namespace, key, armored, text))
        return known or DIRECT.person(armored, text, namespace=namespace, key=key)

    def fact(self, key: str, text: bytes, sig: str) -> None:
        """As `ephemeral.verify_fact`."""
        if _name("", key, sig, text) not in self.fitting:
            DIRECT.fact(key, text, sig)


UNREAD = Preread()
"""Nothing was looked at: every check is made when it is asked for."""


def preread(raw: bytes, keys: MutableMapping[str, str]) -> Preread:
    """Look at a record by itself.

    Args:
        raw: its bytes, which anyone may have written.
        keys: the ephemeral keys that intents and surveys before it announced, by execution; those
            that it announces are added. They only say what is worth checking.
    """
    secrets = secret_shapes(raw)
    try:
        record = decode_record(raw)
        text = record.body.encode()
        body = from_text(text)
    except IntegrityError:
        return Preread(secrets=secrets)
    if isinstance(body, Intent | Survey):
        keys[execution_id_of(text)] = body.ephemeral_key
    fitting: dict[Name, Verified | None] = {}
    for sig in record.sigs[:_MOST_SIGNATURES]:
        try:
            fitting.update([_checked(body, text, sig, keys)])
        except (IntegrityError, UsageError, LookupError):
            continue  # the fold checks it again, and says what is wrong
    return Preread(fitting=fitting, secrets=secrets)


def _checked(
    body: Body, text: bytes, sig: Signature, keys: Mapping[str, str]
) -> tuple[Name, Verified | None]:
    if isinstance(body, Fact):
        key = keys[body.execution_id]
        DIRECT.fact(key, text, sig.sig)
        return _name("", key, sig.sig, text), None
    key = sig.key or ""
    verified = DIRECT.person(sig.sig, text, namespace=body.NAMESPACE, key=key)
    return _name(body.NAMESPACE, key, sig.sig, text), verified


def _name(namespace: str, key: str, sig: str, text: bytes) -> Name:
    return namespace, key, sig, sha256(text)
