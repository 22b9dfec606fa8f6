"""AWS's refusals in words, read from its messages: one code, `AccessDenied`, covers many fixes.

Reads only what AWS says; where AWS does not say which policy refused, neither do we.
"""

import re
from dataclasses import dataclass

from orgroot.errors import AwsErrorKind

_EXPLICIT = re.compile(
    r"with an explicit deny in an? (?P<type>[A-Za-z -]+?)(?:: (?P<arn>arn:\S+))?[.]?$"
)
_IMPLICIT = re.compile(r"because no (?P<type>[A-Za-z -]+?) allows the \S+ action")

_HINTS = {
    "service control policy": "change or detach that service control policy for this account, or "
    "exempt AssumeRoot sessions in it (Condition Null, aws:AssumedRoot: true)",
    "resource control policy": "change or detach that resource control policy for this account",
    "permissions boundary": "widen the permissions boundary of the calling role or user",
    "session policy": "the session policy of the calling session leaves this call out",
    "identity-based policy": "allow this call in the identity policy of the calling role or user",
    "resource-based policy": "the resource's own policy denies this caller",
    "VPC endpoint policy": "the VPC endpoint's policy stops this call: use another network path, "
    "or change it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """What AWS's text tells about a refusal.

    Attributes:
        kind: DENIED, FEATURE_OFF or TRUSTED_ACCESS_OFF.
        message: in our words; None: AWS's own text says it best.
        hint: what to do.
        policy_type: `service control policy`, …, where AWS names it.
        policy_arn: the policy's ARN, where AWS names it.
    """

    kind: AwsErrorKind = AwsErrorKind.DENIED
    message: str | None = None
    hint: str
    policy_type: str | None = None
    policy_arn: str | None = None


_SWITCHES = (
    (
        "root sessions feature is not enabled",
        Denial(
            kind=AwsErrorKind.FEATURE_OFF,
            message="the feature RootSessions is off in this organization",
            hint="run `orgroot enable` in the management account",
        ),
    ),
    (
        "root credentials management feature is not enabled",
        Denial(
            kind=AwsErrorKind.FEATURE_OFF,
            message="the feature RootCredentialsManagement is off in this organization",
            hint="run `orgroot enable` in the management account",
        ),
    ),
    (
        "service not enabled for aws organizations",
        Denial(
            kind=AwsErrorKind.TRUSTED_ACCESS_OFF,
            message="IAM is not a trusted service of this organization",
            hint="run `orgroot enable` in the management account",
        ),
    ),
)


def read_denial(text: str) -> Denial:
    """Classify the message of an `AccessDenied` answer; an unknown text is a plain denial."""
    folded = text.casefold()
    for phrase, denial in _SWITCHES:
        if phrase in folded:
            return denial
    explicit = _EXPLICIT.search(text.strip())
    if explicit is not None:
        policy_type = explicit["type"]
        arn = explicit["arn"]
        return Denial(
            hint=_HINTS.get(policy_type, f"change that {policy_type}"),
            policy_type=policy_type,
            policy_arn=arn.rstrip(".") if arn else None,
        )
    implicit = _IMPLICIT.search(text)
    if implicit is not None:
        policy_type = implicit["type"]
        return Denial(
            hint=_HINTS.get(policy_type, f"allow this call in the {policy_type}"),
            policy_type=policy_type,
        )
    return Denial(
        hint="AWS does not say which policy refused: look at the caller's permissions, at the "
        "service control policies above the account, and at the features (`orgroot status`)"
    )
