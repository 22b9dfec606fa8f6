"""Bucket policies: which statements lock everyone out, and the smallest repair.

Locked means that nobody in the owning account but its root user can change the policy any more:
both replacing and deleting it are denied (S3 API reference, PutBucketPolicy: the root user of the
owning account always may). Only what is certain for every principal is called locked; what hangs on
a condition is called that. The innocent statements of a repaired policy keep their exact bytes.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orgroot.core.policy_text import bad_policy, parse_policy, statements_in, texts
from orgroot.core.wildcards import matches
from orgroot.errors import UsageError

_WAYS_OUT = ("s3:PutBucketPolicy", "s3:DeleteBucketPolicy")
_WATCHED = (*_WAYS_OUT, "s3:GetBucketPolicy")
_SOURCE = "bucket policy"
_SPACE = re.compile(r"[ \t\r\n]*")
_ROOT_USER = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}):root")


class Lock(StrEnum):
    """Whether a policy (or one statement) shuts its owners out."""

    LOCKED = "locked"
    DEPENDS = "depends"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementReading:
    """One statement of a bucket policy.

    Attributes:
        address: what `--sid` takes: its Sid, or `#2` for the second where it has none of its own.
        effect: `Allow` or `Deny`.
        lock: what it contributes by itself.
        denied: which of reading, replacing and deleting the policy it denies, certainly or perhaps.
        why: in words.
    """

    address: str
    effect: str
    lock: Lock
    denied: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyReading:
    """What a bucket policy means for those who administer the bucket.

    Attributes:
        lock: LOCKED only where it is certain for every principal of the account.
        by: the addresses of the statements that lock, or (DEPENDS) may lock.
        statements: all of them, in order.
        notes: what is uncertain, and on what it hangs.
    """

    lock: Lock
    by: tuple[str, ...]
    statements: tuple[StatementReading, ...]
    notes: tuple[str, ...]


def read_bucket_policy(policy: bytes, bucket: str, account: str) -> PolicyReading:
    """What a bucket's policy means for the principals of the account that owns it.

    Raises:
        UsageError: code `policy`: not a policy document.
    """
    statements = _statements(policy)
    readings = tuple(
        _read(address, statement, bucket, account)
        for address, statement in zip(_addresses(statements), statements, strict=True)
    )
    certain = [reading for reading in readings if reading.lock is Lock.LOCKED]
    possible = [reading for reading in readings if reading.lock is not Lock.OPEN]
    if _shut(certain):
        lock, by = Lock.LOCKED, certain
    elif _shut(possible):
        lock, by = Lock.DEPENDS, possible
    else:
        lock, by = Lock.OPEN, []
    return PolicyReading(
        lock=lock,
        by=tuple(reading.address for reading in by),
        statements=readings,
        notes=tuple(f"{r.address}: {r.why}" for r in readings if r.lock is Lock.DEPENDS),
    )


def addresses(policy: bytes) -> tuple[str, ...]:
    """How each statement is addressed, in order.

    Raises:
        UsageError: code `policy`: not a policy document.
    """
    return _addresses(_statements(policy))


def drop_statements(policy: bytes, sids: Collection[str]) -> bytes | None:
    """The policy without some statements; None where nothing is left, so the repair is deletion.

    The other statements keep their exact bytes and their order. `#2` addresses any second
    statement, whether or not it has a Sid.

    Raises:
        UsageError: code `policy`: not a policy document; code `sid`: no such statement, with the
            addresses there are, or none named.
    """
    statements = _statements(policy)
    names = _addresses(statements)
    numbers = {f"#{index + 1}": index for index in range(len(names))}
    known = {**numbers, **{name: index for index, name in enumerate(names)}}
    unknown = [sid for sid in sids if sid not in known]
    if unknown or not sids:
        what = f"no statement {', '.join(unknown)}" if unknown else "no statement is named"
        raise UsageError(f"{what}; the policy has {', '.join(names)}", code="sid")
    dropped = {known[sid] for sid in sids}
    if len(dropped) == len(names):
        return None
    text = policy.decode()
    begin, end, spans = _statement_spans(text)
    kept = [text[a:b] for index, (a, b) in enumerate(spans) if index not in dropped]
    return (text[:begin] + "[" + ",".join(kept) + "]" + text[end:]).encode()


def same_policy(one: bytes | None, other: bytes | None) -> bool:
    """Two policies mean the same, however they are spelled; None is no policy.

    S3 may return a policy in another spelling than it was put: lists of one, account ids as ARNs,
    the order of actions. A principal that AWS has replaced by its unique id differs.

    Raises:
        UsageError: code `policy`: one of them is not a policy document.
    """
    if one is None or other is None:
        return one is other
    return _meaning(one) == _meaning(other)


def _document(policy: bytes) -> Mapping[str, Any]:
    try:
        text = policy.decode()
    except UnicodeDecodeError as error:
        raise bad_policy(_SOURCE, "not UTF-8") from error
    return parse_policy(text, _SOURCE)


def _statements(policy: bytes) -> tuple[Mapping[str, Any], ...]:
    return statements_in(_document(policy), _SOURCE)


def _addresses(statements: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    sids = [statement.get("Sid") for statement in statements]
    return tuple(
        sid
        if isinstance(sid, str) and sid and not sid.startswith("#") and sids.count(sid) == 1
        else f"#{number}"
        for number, sid in enumerate(sids, 1)
    )


def _shut(readings: Iterable[StatementReading]) -> bool:
    denied = {action for reading in readings for action in reading.denied}
    return denied.issuperset(_WAYS_OUT)


def _read(
    address: str, statement: Mapping[str, Any], bucket: str, account: str
) -> StatementReading:
    effect = str(statement.get("Effect", ""))
    denied = tuple(action for action in _WATCHED if _covers_action(statement, action))
    if effect != "Deny":
        lock, why, denied = Lock.OPEN, "it allows", ()
    elif not denied:
        lock, why = Lock.OPEN, "it denies nothing about the policy itself"
    else:
        lock, why = _weakest(
            _resource_lock(statement, f"arn:aws:s3:::{bucket}"),
            _principal_lock(statement, account),
            _condition_lock(statement),
        )
        if lock is Lock.LOCKED and not set(denied) & set(_WAYS_OUT):
            lock, why = Lock.OPEN, "it denies reading the policy, not changing it"
    if lock is Lock.OPEN:
        denied = ()
    return StatementReading(address=address, effect=effect, lock=lock, denied=denied, why=why)


def _weakest(*verdicts: tuple[Lock, str]) -> tuple[Lock, str]:
    for wanted in (Lock.OPEN, Lock.DEPENDS):
        reasons = [why for lock, why in verdicts if lock is wanted]
        if reasons:
            return wanted, "; ".join(reasons)
    return Lock.LOCKED, "it denies every principal of the account"


def _covers_action(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(matches(p, action, ignore_case=True) for p in texts(statement["NotAction"]))
    return any(matches(p, action, ignore_case=True) for p in texts(statement.get("Action")))


def _resource_lock(statement: Mapping[str, Any], arn: str) -> tuple[Lock, str]:
    negated = "NotResource" in statement
    patterns = texts(statement["NotResource"] if negated else statement.get("Resource"))
    if any("${" in pattern for pattern in patterns):
        return Lock.DEPENDS, "its resource holds a policy variable"
    if any(matches(pattern, arn) for pattern in patterns) == negated:
        return Lock.OPEN, "it is about objects, not about the bucket itself"
    return Lock.LOCKED, ""


def _principal_lock(statement: Mapping[str, Any], account: str) -> tuple[Lock, str]:
    if "NotPrincipal" in statement:
        return _exempted_lock(_principals(statement["NotPrincipal"]), account)
    everyone = {"*", account, f"root of {account}"}
    named = _principals(statement.get("Principal"))
    if everyone & set(named):
        return Lock.LOCKED, ""
    inside = [name for name in named if f"::{account}:" in name]
    if not inside:
        return Lock.OPEN, "it denies no principal of this account"
    return Lock.DEPENDS, f"it denies only {', '.join(inside)}"


def _exempted_lock(exempted: tuple[str, ...], account: str) -> tuple[Lock, str]:
    if "*" in exempted:
        return Lock.OPEN, "it exempts everyone"
    # The account's own ARN exempts its root user alone (IAM user guide, "NotPrincipal").
    inside = [name for name in exempted if f"::{account}:" in name]
    if inside:
        return Lock.DEPENDS, f"it exempts {', '.join(inside)}: can anybody still act as that?"
    return Lock.LOCKED, ""


def _principals(value: Any) -> tuple[str, ...]:
    """AWS principals in one spelling: `*`, `root of ACCOUNT`, an ARN; other kinds by their name."""
    if not isinstance(value, dict):
        return texts(value)
    found: list[str] = []
    for kind, names in sorted(value.items()):
        for name in texts(names):
            root_user = _ROOT_USER.fullmatch(name)
            if kind != "AWS":
                found.append(f"{kind} {name}")
            elif root_user or re.fullmatch(r"[0-9]{12}", name):
                found.append(f"root of {root_user[1] if root_user else name}")
            else:
                found.append(name)
    return tuple(found)


def _condition_lock(statement: Mapping[str, Any]) -> tuple[Lock, str]:
    condition = statement.get("Condition")
    if not condition:
        return Lock.LOCKED, ""
    if not isinstance(condition, dict) or not all(isinstance(c, dict) for c in condition.values()):
        return Lock.DEPENDS, "its Condition cannot be understood"
    # Whoever speaks TLS is not met by it, and nobody needs to speak anything else.
    for key, value in condition.get("Bool", {}).items():
        if key.lower() == "aws:securetransport" and set(texts(value)) == {"false"}:
            return Lock.OPEN, "it denies only requests without TLS"
    parts = [
        f"{operator} {key} {', '.join(texts(value))}"
        for operator, keys in condition.items()
        for key, value in keys.items()
    ]
    return Lock.DEPENDS, f"it denies only where {' and '.join(parts)}"


def _statement_spans(text: str) -> tuple[int, int, tuple[tuple[int, int], ...]]:
    """Where the Statement list of a well-formed document lies, and each statement in it."""
    decoder = json.JSONDecoder()
    at = _skip(text, text.index("{") + 1)
    while True:
        key, at = decoder.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)  # the colon
        if key == "Statement":
            break
        _, at = decoder.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)  # the comma
    begin, spans = at, []
    while text[at] != "]":
        start = _skip(text, at + 1)  # the bracket, or a comma
        _, end = decoder.raw_decode(text, start)
        spans.append((start, end))
        at = _skip(text, end)
    return begin, at + 1, tuple(spans)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _meaning(policy: bytes) -> tuple[str, str, tuple[str, ...]]:
    document = _document(policy)
    statements = statements_in(document, _SOURCE)
    meanings = sorted(json.dumps(_statement_meaning(s), sort_keys=True) for s in statements)
    version = str(document.get("Version", "2008-10-17"))
    return version, str(document.get("Id", "")), tuple(meanings)


def _statement_meaning(statement: Mapping[str, Any]) -> dict[str, Any]:
    meaning: dict[str, Any] = {}
    given = {key: value for key, value in statement.items() if value not in ("", {})}
    for key, value in given.items():
        if key in ("Principal", "NotPrincipal"):
            meaning[key] = sorted(set(_principals(value)))
        elif key in ("Action", "NotAction"):
            meaning[key] = sorted({name.lower() for name in texts(value)})
        elif key == "Condition" and isinstance(value, dict):
            meaning[key] = [
                [operator, _condition_meaning(keys)] for operator, keys in sorted(value.items())
            ]
        else:
            meaning[key] = sorted(texts(value))
    return meaning


def _condition_meaning(keys: Any) -> list[Any]:
    if not isinstance(keys, dict):
        return list(texts(keys))
    return sorted([key.lower(), sorted(texts(values))] for key, values in keys.items())
