"""The sandbox as a witness: was an intent durable in the log when a root session was asked for?

It reads the log as plain JSON and shares no code with orgroot's own log: where the two
disagree, one of them is wrong. It never refuses a call and never writes to the store.
"""

import base64
import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orgroot.sandbox.log_views import LogView
from orgroot.sandbox.model import Call

_REFERENCE = re.compile(r"orq\.[a-z2-7]{12}\.([0-9]{12})\.([0-9a-f]{24})")
_HASH = re.compile(r"[0-9a-f]{64}")
_FACTS = re.compile(r"[0-9][^/]*\.json|facts/.*\.json")
_OPENING = frozenset({"intent", "survey"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opening:
    """An intent or survey record.

    Attributes:
        seq: its place in the log.
        record_hash: SHA-256 of its raw bytes.
        execution: ``oex_…``, from the statement's text.
        accounts: the accounts it covers.
        tasks: the task policies it covers, by their last name.
    """

    seq: int
    record_hash: str
    execution: str
    accounts: frozenset[str]
    tasks: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A root session that was issued to somebody the witness watches.

    Attributes:
        access_key_id: of the session.
        account: the member account.
        task: the task policy's last name.
        caller: who asked.
        seq: the intent's place in the log, None where there was none.
        execution: the intent's execution id, or an empty string.
    """

    access_key_id: str
    account: str
    task: str
    caller: str
    seq: int | None
    execution: str


class Witness:
    """Watches AssumeRoot against one log store; without a store it only counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._store: LogView | None = None
        self._people: frozenset[str] = frozenset()
        self._openings: list[_Opening] = []
        self._read = 0
        self._violations: list[dict[str, Any]] = []
        self._sessions: list[Session] = []
        self._found: dict[str, _Opening | None] = {}

    def watch(self, store: LogView | None, people: frozenset[str] = frozenset()) -> None:
        """Start to watch a store, forgetting what was seen before.

        Args:
            store: where ``000000000001.json`` and its successors are; None stops watching.
            people: the ARNs of users and roles to watch; empty watches every caller.
        """
        with self._lock:
            self._store, self._people = store, people
            self._openings, self._read = [], 0
            self._violations, self._sessions, self._found = [], [], {}

    def before(self, call: Call) -> None:
        """Look for the intent at the moment AssumeRoot arrives, before anything is issued."""
        with self._lock:
            if self._store is None or not self._watches(call):
                return
            try:
                opening, why = self._opening_for(call, self._store)
            except (OSError, ValueError, KeyError, TypeError) as error:
                opening, why = None, f"the log cannot be read: {error}"
            self._found[call.request_id] = opening
            if why:
                self._violations.append({**_about(call), "why": why})

    def issued(self, call: Call, access_key_id: str) -> None:
        """Note the session that the call was given."""
        with self._lock:
            if self._store is None or not self._watches(call):
                return
            opening = self._found.pop(call.request_id, None)
            about = _about(call)
            self._sessions.append(
                Session(
                    access_key_id=access_key_id,
                    account=about["account"],
                    task=about["task"],
                    caller=about["caller"],
                    seq=opening.seq if opening else None,
                    execution=opening.execution if opening else "",
                )
            )

    def report(self) -> dict[str, Any]:
        """What was seen, and how it maps one to one to the ``issued`` facts in the store."""
        with self._lock:
            recorded = Counter(_issued_keys(self._store)) if self._store else Counter[str]()
            seen = {session.access_key_id for session in self._sessions}
            return {
                "watching": str(self._store) if self._store else None,
                "violations": list(self._violations),
                "sessions": [
                    {
                        "access_key_id": session.access_key_id,
                        "account": session.account,
                        "task": session.task,
                        "caller": session.caller,
                        "seq": session.seq,
                        "execution": session.execution,
                    }
                    for session in self._sessions
                ],
                "unrecorded": sorted(seen - recorded.keys()),
                "recorded_twice": sorted(key for key, count in recorded.items() if count > 1),
                "recorded_but_never_issued": sorted(recorded.keys() - seen),
            }

    def _watches(self, call: Call) -> bool:
        mine = {call.principal.arn, call.principal.role_arn}
        return not self._people or bool(mine & self._people)

    def _opening_for(self, call: Call, store: LogView) -> tuple[_Opening | None, str]:
        self._read_on(store)
        about = _about(call)
        reference = _REFERENCE.search(f"{call.principal.source_identity} {call.user_agent}")
        for opening in reversed(self._openings):
            if reference and opening.seq != int(reference[1]):
                continue
            if reference and not opening.record_hash.startswith(reference[2]):
                return None, f"the reference {reference[0]} names another record {opening.seq}"
            if about["account"] in opening.accounts and about["task"] in opening.tasks:
                return opening, ""
        where = f" at the reference {reference[0]}" if reference else ""
        return None, f"no durable intent or survey covers this account and task{where}"

    def _read_on(self, store: LogView) -> None:
        while (raw := store.read(f"{self._read + 1:012d}.json")) is not None:
            self._read += 1
            opening = _opening(self._read, raw, store)
            if opening is not None:
                self._openings.append(opening)


def _about(call: Call) -> dict[str, str]:
    target = str(call.params.get("TargetPrincipal", ""))
    parts = target.split(":")
    return {
        "account": parts[4] if len(parts) == 6 else target,  # noqa: PLR2004 - the parts of an ARN
        "task": str(call.params.get("TaskPolicyArn", {}).get("arn", "")).rpartition("/")[2],
        "caller": call.principal.arn,
        "at": call.at.isoformat(),
    }


def _opening(seq: int, raw: bytes, store: LogView) -> _Opening | None:
    try:
        text = json.loads(raw)["body"]
        body = json.loads(text)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None  # a foreign record: it opens nothing
    if not isinstance(body, Mapping) or str(body.get("type")) not in _OPENING:
        return None
    digest = hashlib.sha256(text.encode()).digest()
    tasks = [*_listed(body.get("task_policies")), *_listed(body.get("task_policy"))]
    members = ("accounts", "accounts_object", "targets", "targets_object")
    targets = [each for name in members for each in _resolved(body.get(name), store)]
    return _Opening(
        seq=seq,
        record_hash=hashlib.sha256(raw).hexdigest(),
        execution="oex_" + base64.b32encode(digest).decode().lower()[:26],
        accounts=frozenset(
            str(target.get("account")) if isinstance(target, Mapping) else str(target)
            for target in targets
        ),
        tasks=frozenset(str(task).rpartition("/")[2] for task in tasks),
    )


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _resolved(value: Any, store: LogView) -> list[Any]:
    """A list of targets, fetched from ``objects/<sha256>`` where the statement names a digest."""
    if isinstance(value, Mapping):
        digests = [str(item) for item in value.values() if _HASH.fullmatch(str(item))]
        if digests:
            raw = store.read(f"objects/{digests[0]}") or b""
            if hashlib.sha256(raw).hexdigest() != digests[0]:
                raise ValueError(f"object {digests[0]} has another content")
            found = json.loads(raw)
            return found if isinstance(found, list) else _listed(found.get("targets"))
    return _listed(value)


def _issued_keys(store: LogView) -> Iterator[str]:
    for name in store.names():
        if not _FACTS.fullmatch(name):
            continue
        try:
            yield from _keys_in(json.loads(store.read(name) or b""))
        except (ValueError, RecursionError):
            continue


def _keys_in(value: Any) -> Iterator[str]:
    """The access key ids of ``issued`` facts, in statements inside statements too."""
    if isinstance(value, list):
        for item in value:
            yield from _keys_in(item)
        return
    if not isinstance(value, Mapping):
        return
    if value.get("type") == "issued":
        for item in _listed(value.get("items")):
            if isinstance(item, Mapping) and "access_key_id" in item:
                yield str(item["access_key_id"])
        return
    for name, item in value.items():
        if name == "body" and isinstance(item, str):
            try:
                yield from _keys_in(json.loads(item))
            except ValueError:
                continue
        else:
            yield from _keys_in(item)
