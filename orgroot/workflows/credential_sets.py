"""Root credentials as sets: what was seen, what is there, what was removed, what is left.

Nothing here calls AWS. What is unknown is never counted as gone.
"""

from orgroot.core.log_state import RequestRecord
from orgroot.core.planned_steps import (
    DEACTIVATE_MFA,
    DELETE_CERTIFICATE,
    DELETE_KEY,
    DELETE_PASSWORD,
)
from orgroot.core.results import CredentialSet
from orgroot.core.root_credentials import (
    AccountSummary,
    CredentialKind,
    Presence,
    RootCredentials,
)
from orgroot.core.task_params import SeenCredentials


def beyond(
    found: RootCredentials, seen: SeenCredentials, only: tuple[CredentialKind, ...]
) -> tuple[str, ...]:
    """What is there and was not approved, in words: it is newer than the survey."""
    extra: list[str] = []
    if CredentialKind.PASSWORD in only and found.password is Presence.PRESENT and not seen.password:
        extra.append("a password appeared")
    kinds = (
        (CredentialKind.ACCESS_KEYS, [k.id for k in found.access_keys], seen.access_keys),
        (
            CredentialKind.SIGNING_CERTIFICATES,
            found.signing_certificates,
            seen.signing_certificates,
        ),
        (CredentialKind.MFA, found.mfa_devices, seen.mfa_devices),
    )
    for kind, there, known in kinds:
        new = sorted(set(there) - set(known)) if kind in only else []
        extra += [f"{kind.value} {each} appeared" for each in new]
    return tuple(extra)


def left_of(found: RootCredentials, only: tuple[CredentialKind, ...]) -> CredentialSet:
    """What of the kinds asked for is there."""
    keys = tuple(key.id for key in found.access_keys)
    certificates = found.signing_certificates
    return CredentialSet(
        password=CredentialKind.PASSWORD in only and found.password is not Presence.ABSENT,
        access_keys=keys if CredentialKind.ACCESS_KEYS in only else (),
        signing_certificates=certificates if CredentialKind.SIGNING_CERTIFICATES in only else (),
        mfa_devices=found.mfa_devices if CredentialKind.MFA in only else (),
    )


def seen_less(
    seen: SeenCredentials, gone: CredentialSet, only: tuple[CredentialKind, ...]
) -> CredentialSet:
    """What was seen of the kinds asked for, less what is gone."""

    def rest(
        kind: CredentialKind, known: tuple[str, ...], removed: tuple[str, ...]
    ) -> tuple[str, ...]:
        return tuple(each for each in known if each not in removed) if kind in only else ()

    return CredentialSet(
        password=CredentialKind.PASSWORD in only and seen.password and not gone.password,
        access_keys=rest(CredentialKind.ACCESS_KEYS, seen.access_keys, gone.access_keys),
        signing_certificates=rest(
            CredentialKind.SIGNING_CERTIFICATES,
            seen.signing_certificates,
            gone.signing_certificates,
        ),
        mfa_devices=rest(CredentialKind.MFA, seen.mfa_devices, gone.mfa_devices),
    )


def removed_of(request: RequestRecord, account: str, *, proved: bool = False) -> CredentialSet:
    """What a request's steps removed from an account, by the log.

    Args:
        request: with its executions.
        account: the account.
        proved: everything is known to be gone, so a step whose result a crash kept out of the log
            was done too.
    """
    targets: dict[str, dict[str, None]] = {
        operation: {}
        for operation in (DELETE_PASSWORD, DELETE_KEY, DELETE_CERTIFICATE, DEACTIVATE_MFA)
    }
    for run in request.executions:
        for step, result in run.steps(account):
            outcome = "unknown" if result is None else result.outcome
            done = outcome == "done" or (proved and outcome == "unknown")
            if step.operation in targets and done:
                targets[step.operation][step.target] = None
    return CredentialSet(
        password=bool(targets[DELETE_PASSWORD]),
        access_keys=tuple(targets[DELETE_KEY]),
        signing_certificates=tuple(targets[DELETE_CERTIFICATE]),
        mfa_devices=tuple(targets[DEACTIVATE_MFA]),
    )


def not_absent(summary: AccountSummary, only: tuple[CredentialKind, ...]) -> tuple[str, ...]:
    """The kinds asked for that a summary does not show as absent: present, or not told."""
    kinds = {
        CredentialKind.PASSWORD: summary.password,
        CredentialKind.ACCESS_KEYS: summary.access_keys,
        CredentialKind.SIGNING_CERTIFICATES: summary.signing_certificates,
        CredentialKind.MFA: summary.mfa,
    }
    return tuple(
        f"{kind.value} {kinds[kind].value}"
        for kind in CredentialKind
        if kind in only and kinds[kind] is not Presence.ABSENT
    )
