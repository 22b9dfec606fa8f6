"""The roster: which key and which AWS identity speak for which person, in which groups, and when.

It answers questions and decides nothing; an entry that is ambiguous speaks for nobody.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from orgroot.core.config import Approvals, AwsIdentity, Person
from orgroot.core.organization import Caller
from orgroot.core.public_keys import PublicKey, parse_public_key
from orgroot.errors import UsageError

SSO_SESSION = re.compile(
    r"arn:aws[a-z-]*:sts::(?P<account>[0-9]{12}):assumed-role/"
    r"AWSReservedSSO_(?P<permission_set>.+)_[0-9a-f]{16}/(?P<name>[^/]+)"
)
"""The session of an Identity Center user ("Referencing permission sets in resource policies",
IAM Identity Center user guide): the session name is the user name."""


_RESERVED_ROLE = re.compile(
    r"arn:aws[a-z-]*:iam::[0-9]{12}:role/aws-reserved/sso\.amazonaws\.com/([a-z0-9-]+/)?"
    r"(?P<name>[^/]+)"
)
"""Only Identity Center can make a role in this path; a name alone anyone can copy."""


def identity_center_role(arn: str) -> str | None:
    """The role of a session that looks like Identity Center's; None for any other caller."""
    session = SSO_SESSION.fullmatch(arn)
    return None if session is None else arn.split("/")[1]


def made_by_identity_center(role_arn: str) -> bool:
    """Whether a role lies where only Identity Center makes them."""
    return _RESERVED_ROLE.fullmatch(role_arn) is not None


def usable_key(text: str) -> PublicKey | None:
    """The key a text stands for, or None where this version cannot verify it."""
    try:
        return parse_public_key(text)
    except UsageError:
        return None


def is_hardware(key: str) -> bool:
    """Whether a key (`type base64`) lives in a FIDO token."""
    usable = usable_key(key)
    return usable is not None and usable.hardware


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedKey:
    """A key that a `key-revoke` record ended, whatever any rules say of it.

    Attributes:
        seq: the record's number: from there on it speaks for nobody.
        since: what was recorded from this instant on was not its person's word; None: not said.
        owner: it ended as an owner's key too.
    """

    seq: int
    since: datetime | None = None
    owner: bool = False


class Roster:
    """The people of one set of rules. A key this version cannot verify is no key.

    Args:
        approvals: the rules.
        revoked: by key (`type base64`), what the log has revoked.
    """

    def __init__(self, approvals: Approvals, revoked: Mapping[str, RevokedKey] = {}) -> None:
        self._revoked = revoked
        self._hardware_first = approvals.defaults.hardware_key != "off"
        self._people: Mapping[str, Person] = approvals.people
        self._keys = {
            name: tuple(
                (key, e.added, e.revoked) for e in person.keys if (key := usable_key(e.key))
            )
            for name, person in approvals.people.items()
        }
        self._humans = _humans(
            {name: frozenset(self._marks(name, person)) for name, person in self._people.items()}
        )

    def persons(self) -> tuple[str, ...]:
        """Every name, services included, in the order of the rules."""
        return tuple(self._people)

    def is_service(self, person: str) -> bool:
        """A machine, which never approves, denies or reviews."""
        return person in self._people and self._people[person].service

    def groups_of(self, person: str) -> frozenset[str]:
        """The groups of a person; none for a stranger."""
        entry = self._people.get(person)
        return frozenset(entry.groups) if entry else frozenset()

    def members(self, groups: Iterable[str]) -> tuple[str, ...]:
        """Everyone in at least one of the groups."""
        wanted = frozenset(groups)
        return tuple(name for name, entry in self._people.items() if wanted & set(entry.groups))

    def keys_of(self, person: str, at: datetime) -> tuple[PublicKey, ...]:
        """The keys that hold: added by that instant, not ended by it, not revoked by the log.

        In the order of the roster; those in hardware first, unless the rules turn that off.
        """
        keys = [key for key in self._valid(person, at) if key.text not in self._revoked]
        if self._hardware_first:
            keys.sort(key=lambda key: not key.hardware)
        return tuple(keys)

    def keys_to_come(self, person: str, now: datetime) -> tuple[PublicKey, ...]:
        """As `keys_of`, with the keys that are added later."""
        return tuple(
            key
            for key, _, revoked in self._keys.get(person, ())
            if (revoked is None or now < revoked) and key.text not in self._revoked
        )

    def has_key(self, person: str, key: str, at: datetime) -> bool:
        """`key` (`type base64`) speaks for the person at that instant."""
        return any(known.text == key for known in self.keys_of(person, at))

    def had_key(
        self, person: str, key: str, seq: int, at: datetime, latest: datetime | None = None
    ) -> bool:
        """`key` spoke for the person in record `seq`, recorded at that instant.

        A revocation leaves standing what was recorded before it, unless it says that the key was
        in other hands by then: what may have been recorded as late (`latest`) is not believed.
        """
        end = self._revoked.get(key)
        late = at if latest is None else latest
        if end is not None and (seq > end.seq or (end.since is not None and late >= end.since)):
            return False
        return any(known.text == key for known in self._valid(person, at))

    def lists(self, person: str, key: str) -> bool:
        """The rules give this key to the person, in force or not."""
        return any(known.text == key for known, _, _ in self._keys.get(person, ()))

    def person_for_caller(self, caller: Caller) -> str | None:
        """Who AWS says is calling; None where that is nobody, or several."""
        return self.person_for_arn(caller.arn)

    def person_for_arn(self, arn: str) -> str | None:
        """Whose AWS identity an ARN of `sts:GetCallerIdentity` is; None: nobody's, or several's."""
        return _only(self._bearers(arn))

    def acts_as(self, person: str, arn: str) -> bool:
        """Whether this caller may act as the person.

        A person with AWS identities must be the caller; one without may act through a caller that
        is nobody's.
        """
        entry = self._people.get(person)
        return entry is not None and self._bearers(arn) == ((person,) if entry.aws else ())

    def human(self, person: str) -> str:
        """One name for all entries of the same human being."""
        return self._humans.get(person, person)

    def witness(self, person: str) -> str:
        """As `human`; all services, which may run on one machine, are one, of an empty name."""
        return "" if self.is_service(person) else self.human(person)

    def same_human(self, a: str, b: str) -> bool:
        """Two entries that share a key or an AWS identity are one human being."""
        return self.human(a) == self.human(b)

    def _valid(self, person: str, at: datetime) -> Iterator[PublicKey]:
        """The keys of a person that the rules call valid at an instant."""
        for key, added, revoked in self._keys.get(person, ()):
            if added <= at and (revoked is None or at < revoked):
                yield key

    def _bearers(self, arn: str) -> tuple[str, ...]:
        return tuple(
            name
            for name, person in self._people.items()
            if any(_is_identity(identity, arn) for identity in person.aws)
        )

    def _marks(self, name: str, person: Person) -> Iterator[str]:
        for key, _, _ in self._keys[name]:
            yield f"key {key.text}"
        for identity in person.aws:
            yield f"aws {_identity_name(identity).casefold()}"


def _only(names: Iterable[str]) -> str | None:
    found = tuple(names)
    return found[0] if len(found) == 1 else None


def _is_identity(identity: AwsIdentity, arn: str) -> bool:
    if identity.arn is not None:
        return identity.arn == arn
    session = SSO_SESSION.fullmatch(arn)
    return (
        session is not None
        and session["name"] == identity.sso
        and session["account"] in identity.accounts
        and session["permission_set"] in identity.permission_sets
    )


def _identity_name(identity: AwsIdentity) -> str:
    """What two entries have in common when they are one: the Identity Center name, or the ARN."""
    session = SSO_SESSION.fullmatch(identity.arn or "")
    if session is not None:
        return session["name"]
    return f"{identity.sso or identity.arn}"


def _humans(marks: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Each name's human: one name for all that are linked, directly or not, by common marks."""
    humans = {name: name for name in marks}
    bearer: dict[str, str] = {}
    for name, its in marks.items():
        for mark in its:
            one, other = humans[bearer.setdefault(mark, name)], humans[name]
            if one != other:
                humans = {n: one if human == other else human for n, human in humans.items()}
    return humans
