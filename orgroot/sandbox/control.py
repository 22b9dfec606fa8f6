"""The control pages under ``/_sandbox/``: state, faults, clock, witness. AWS has nothing like them.

A change needs ``Content-Type: application/json``, so that no web page can make a browser send it.
"""

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from orgroot.core.ids import AccountId
from orgroot.sandbox import provision, wire
from orgroot.sandbox.answers import Answer
from orgroot.sandbox.faults import Rule
from orgroot.sandbox.log_views import view_of
from orgroot.sandbox.wire import HttpRequest

if TYPE_CHECKING:
    from orgroot.sandbox.front import Front

_JSON = (("Content-Type", "application/json"),)


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /_sandbox/faults."""

    rules: tuple[Rule, ...]


class Advance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /_sandbox/clock."""

    advance_seconds: float


class Watch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /_sandbox/witness; ``store``: a folder or s3://…, None stops watching."""

    store: str | None
    people: tuple[str, ...] = ()


class LogBucket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /_sandbox/log-bucket: a bucket with Object Lock and a bucket policy."""

    account: str
    name: str
    region: str
    policy: str


class Habits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /_sandbox/habits: what AWS may do and by default the sandbox does not.

    Attributes:
        revocation_lag_seconds: how long STS still issues after a feature was turned off.
        empty_pages: listings begin with an empty page and a token.
        shows_status: accounts still carry the retired ``Status`` beside ``State``.
        trail_delay_seconds: how long an event takes until LookupEvents shows it.
        packed_policy_characters: how many characters of session policies STS takes, once packed.
    """

    revocation_lag_seconds: float | None = None
    empty_pages: bool | None = None
    shows_status: bool | None = None
    trail_delay_seconds: float | None = None
    packed_policy_characters: int | None = None


class Control:
    """Answers the control pages of one front.

    Attributes:
        nonce: what tells this server from any other that may come to have its port or its pid.
    """

    def __init__(self, front: "Front") -> None:
        self._front = front
        self.nonce = ""

    def answer(self, request: HttpRequest) -> Answer:
        """Answer one control request; whatever is wrong with it is a 400 or 404 with a reason."""
        page = request.raw_path.removeprefix("/_sandbox/")
        if request.method == "POST" and not request.headers.get("content-type", "").startswith(
            "application/json"
        ):
            return _answer(400, {"error": "send application/json"})
        try:
            body = self._page(request.method, page, request.body)
        except (msgspec.MsgspecError, ValueError) as error:
            return _answer(400, {"error": str(error)})
        return _answer(404, {"error": "no such page"}) if body is None else _answer(200, body)

    def _page(self, method: str, page: str, body: bytes) -> Mapping[str, Any] | None:
        pages: Mapping[tuple[str, str], Callable[[bytes], Mapping[str, Any]]] = {
            ("GET", "identity"): lambda _: {"nonce": self.nonce, "pid": os.getpid()},
            ("GET", "state"): lambda _: self.state(),
            ("GET", "faults"): lambda _: {"rules": self._front.faults.in_force()},
            ("POST", "faults"): self._order_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "clock"): self._advance_clock,
            ("POST", "witness"): self._watch,
            ("POST", "log-bucket"): self._make_log_bucket,
            ("POST", "habits"): self._change_habits,
            ("POST", "delivery"): self._deliver,
        }
        handler = pages.get((method, page))
        return None if handler is None else handler(body)

    def _order_faults(self, body: bytes) -> Mapping[str, Any]:
        self._front.faults.order(msgspec.json.decode(body, type=Order).rules)
        return {"rules": self._front.faults.in_force()}

    def _clear_faults(self, body: bytes) -> Mapping[str, Any]:
        del body
        self._front.faults.clear()
        return {"rules": []}

    def _advance_clock(self, body: bytes) -> Mapping[str, Any]:
        self._front.clock.advance(msgspec.json.decode(body, type=Advance).advance_seconds)
        return {"ahead_seconds": self._front.clock.ahead_seconds}

    def _change_habits(self, body: bytes) -> Mapping[str, Any]:
        habits = msgspec.json.decode(body, type=Habits)
        front = self._front
        if habits.revocation_lag_seconds is not None:
            front.features.revocation_lag = timedelta(seconds=habits.revocation_lag_seconds)
        if habits.empty_pages is not None:
            front.organization.empty_pages = habits.empty_pages
        if habits.shows_status is not None:
            front.organization.shows_status = habits.shows_status
        if habits.trail_delay_seconds is not None:
            front.trail.delay = timedelta(seconds=habits.trail_delay_seconds)
        if habits.packed_policy_characters is not None:
            front.sts.packed_policy_characters = habits.packed_policy_characters
        return {
            "revocation_lag_seconds": front.features.revocation_lag.total_seconds(),
            "empty_pages": front.organization.empty_pages,
            "shows_status": front.organization.shows_status,
            "trail_delay_seconds": front.trail.delay.total_seconds(),
            "packed_policy_characters": front.sts.packed_policy_characters,
        }

    def _deliver(self, body: bytes) -> Mapping[str, Any]:
        del body
        front = self._front
        return {"objects": front.delivery.deliver(front.trail, front.clock())}

    def _watch(self, body: bytes) -> Mapping[str, Any]:
        watch = msgspec.json.decode(body, type=Watch)
        front = self._front
        store = None if watch.store is None else view_of(watch.store, front.data_plane)
        front.witness.watch(store, frozenset(watch.people))
        return front.witness.report()

    def _make_log_bucket(self, body: bytes) -> Mapping[str, Any]:
        wanted = msgspec.json.decode(body, type=LogBucket)
        provision.add_bucket(
            self._front.data_plane,
            AccountId(wanted.account),
            wanted.name,
            wanted.region,
            wanted.policy,
            object_lock=True,
        )
        return {"bucket": wanted.name}

    def state(self) -> Mapping[str, Any]:
        """What tests ask afterwards: calls per operation, root sessions, the witness."""
        front = self._front
        return {
            "organization": front.organization.organization_id,
            "accounts": len(front.organization.accounts),
            "calls": front.trail.counts(),
            "assume_root": front.trail.root_sessions(),
            "witness": front.witness.report(),
            "faults": front.faults.in_force(),
            "clock_ahead_seconds": front.clock.ahead_seconds,
        }


def _answer(status: int, body: Mapping[str, Any]) -> Answer:
    return Answer(status=status, headers=_JSON, body=wire.as_json(body))
