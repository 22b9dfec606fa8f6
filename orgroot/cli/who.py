"""Who acts and with which key: the caller's roster entry, `--as`, and the keys of this machine."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from orgroot.cli import places
from orgroot.core.config import Config
from orgroot.core.organization import Caller
from orgroot.core.people import Roster, identity_center_role, made_by_identity_center
from orgroot.core.public_keys import PublicKey, parse_public_key
from orgroot.core.statement_parts import Signer as StatementSigner
from orgroot.errors import IntegrityError, UsageError
from orgroot.local.clock import SystemClock
from orgroot.local.ssh_signer import SshSigner, find_keys, public_key_of
from orgroot.ports import IdentityGateway, Signer
from orgroot.workflows.audit_log import AuditLog


class AbsentSigner:
    """A `Signer` that could not be found: whoever needs it is told what was looked at."""

    def __init__(self, error: UsageError) -> None:
        self._error = error

    @property
    def public_key(self) -> str:
        """There is none.

        Raises:
            UsageError: what was looked at.
        """
        raise self._error

    def sign(self, namespace: str, message: bytes) -> str:
        """There is nothing to sign with.

        Raises:
            UsageError: what was looked at.
        """
        _ = namespace, message
        raise self._error


def roster_of(config: Config, log: AuditLog | None) -> Roster | None:
    """The roster in force; before the first publication, the authored one."""
    rules = None if log is None else log.state.rules_in_force
    if rules is not None:
        return rules.roster
    return None if config.approvals is None else Roster(config.approvals)


def acting_person(roster: Roster | None, caller: Caller, as_person: str | None) -> str | None:
    """The roster name of whoever runs a command that calls AWS.

    Raises:
        UsageError: `--as` names another person than the caller, or one who has an identity of
            their own, or nobody.
    """
    found = None if roster is None else roster.person_for_caller(caller)
    if as_person is None or as_person == found or roster is None:
        return found
    if found is not None:
        raise UsageError(
            f"AWS says you are {found} ({caller.arn}), and --as says {as_person}",
            hint=f"leave out --as (and ORGROOT_AS), or use {as_person}'s own credentials",
            code="another-person",
        )
    if as_person not in roster.persons():
        raise _stranger(roster, as_person)
    if not roster.acts_as(as_person, caller.arn):
        raise UsageError(
            f"{as_person} has AWS identities in the roster, and {caller.arn} is none of them",
            hint=f"use {as_person}'s own credentials, or add this one to the roster",
            code="another-person",
        )
    return as_person


def check_identity_center(person: str | None, caller: Caller, identity: IdentityGateway) -> None:
    """A role named like those of Identity Center must be one of them, where IAM may be asked.

    Raises:
        IntegrityError: somebody made it, to be taken for this person.
        AwsError: IAM does not answer.
    """
    name = identity_center_role(caller.arn)
    if person is None or name is None:
        return
    found = identity.role_arn(name)
    if found is not None and not made_by_identity_center(found):
        raise IntegrityError(
            f"{caller.arn} is not {person}: the role {found} was not made by IAM Identity Center",
            hint="find out who made that role; Identity Center's lie in /aws-reserved/",
            code="identity-center",
        )


def _stranger(roster: Roster, person: str) -> UsageError:
    return UsageError(
        f"{person} is nobody in the roster",
        hint="people are " + ", ".join(roster.persons()),
        code="not-in-roster",
    )


def signer_for(keys: tuple[PublicKey, ...], person: str, key: Path | None) -> Signer:
    """The signer of a person: `--key` where it is given, else the first key found here."""
    try:
        if key is None:
            found = find_keys(keys, places.home(), os.environ)[0]
            return SshSigner(found.public_key, found.key_path, os.environ)
        named = public_key_of(key)
        if named not in keys:
            raise UsageError(  # noqa: TRY301 - told to whoever needs the key, and to nobody else
                f"{key} ({named.fingerprint}) is not a key of {person} that holds now",
                hint="keys are: " + (", ".join(k.fingerprint for k in keys) or "none"),
                code="no-key",
            )
        return SshSigner(named, key, os.environ)
    except UsageError as error:
        return AbsentSigner(error)


def roster_signer(roster: Roster | None, person: str | None, key: Path | None) -> Signer | None:
    """The signer of a roster person; None for nobody."""
    if roster is None or person is None or person not in roster.persons():
        return None
    return signer_for(roster.keys_of(person, SystemClock().now()), person, key)


def desk_signer(roster: Roster | None, person: str | None, key: Path | None) -> Signer | None:
    """As `roster_signer`; a name that is not in the roster cannot sign, and is told why."""
    if roster is not None and person is not None and person not in roster.persons():
        return AbsentSigner(_stranger(roster, person))
    return roster_signer(roster, person, key)


def owner_signer(
    config: Config, person: str, key: Path | None, log: AuditLog | None = None
) -> Signer:
    """The signer of an owner of the trust; keys that the log has ended sign nothing."""
    owners = config.trust.owners.keys if config.trust else ()
    ended = {} if log is None else log.state.ended_keys
    keys = (parse_public_key(owner.key) for owner in owners if owner.person == person)
    alive = tuple(k for k in keys if k.text not in ended or not ended[k.text].owner)
    return signer_for(alive, person, key)


def owner_named(config: Config, as_person: str | None) -> str:
    """The owner who acts: `--as`, else the only one there is.

    Raises:
        UsageError: no trust, not an owner, or several and none named.
    """
    if config.trust is None:
        raise UsageError(
            "the configuration has no trust: section",
            hint="`orgroot init --team …` writes one",
            code="no-trust",
        )
    return _named({owner.person for owner in config.trust.owners.keys}, as_person)


def one_of(
    allowed: Sequence[StatementSigner], as_person: str | None, key: Path | None
) -> tuple[str, Signer]:
    """Who of those allowed acts, and their signer: `--as`, else the only one there is.

    Raises:
        UsageError: nobody of them, or several and none named.
    """
    person = _named({signer.person for signer in allowed}, as_person)
    keys = tuple(parse_public_key(signer.key) for signer in allowed if signer.person == person)
    return person, signer_for(keys, person, key)


def _named(people: Collection[str], as_person: str | None) -> str:
    """`as_person`, or the only one of these people."""
    if as_person is None and len(people) == 1:
        return next(iter(people))
    if as_person is None or as_person not in people:
        raise UsageError(
            f"{as_person} is not an owner who signs this" if as_person else "who signs this?",
            hint=f"owners are {', '.join(sorted(people)) or 'nobody'}: name one with --as",
            code="not-owner",
        )
    return as_person
