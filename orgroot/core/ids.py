"""Identifiers of AWS and of the log: parsed once at the edge, trusted after.

Each parser returns the same text under a distinct type, or raises UsageError with the remedy. The
patterns are those of the AWS Organizations API reference (Account.Id, OrganizationalUnit.Id,
Root.Id, Organization.Id, PolicyId).
"""

import base64
import hashlib
import re
from typing import NewType

from orgroot.errors import UsageError

AccountId = NewType("AccountId", str)
OuId = NewType("OuId", str)
RootId = NewType("RootId", str)
OrganizationId = NewType("OrganizationId", str)
PolicyId = NewType("PolicyId", str)
LogId = NewType("LogId", str)
RequestId = NewType("RequestId", str)
ExecutionId = NewType("ExecutionId", str)
ProposalId = NewType("ProposalId", str)
Digest = NewType("Digest", str)
"""A SHA-256 as 64 lower-case hexadecimal digits."""

_ACCOUNT = re.compile(r"[0-9]{12}")
_OU = re.compile(r"ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}")
_ROOT = re.compile(r"r-[0-9a-z]{4,32}")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
_POLICY = re.compile(r"p-[0-9a-zA-Z_]{8,128}")
_LOG = re.compile(r"[0-9a-f]{16}")
_REQUEST = re.compile(r"orq_[a-z2-7]{26}")
_EXECUTION = re.compile(r"oex_[a-z2-7]{26}")
_PROPOSAL = re.compile(r"opr_[a-z2-7]{26}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def _parse(text: str, pattern: re.Pattern[str], what: str, example: str) -> str:
    if pattern.fullmatch(text) is None:
        raise UsageError(f"{text!r} is not {what}", hint=f"expected the form {example}", code="id")
    return text


def account_id(text: str) -> AccountId:
    """Parse an AWS account id: exactly 12 digits, leading zeros kept."""
    return AccountId(_parse(text, _ACCOUNT, "an AWS account id", "123456789012 (12 digits)"))


def ou_id(text: str) -> OuId:
    """Parse an organizational unit id."""
    return OuId(_parse(text, _OU, "an organizational unit id", "ou-ab12-11111111"))


def root_id(text: str) -> RootId:
    """Parse the id of the organization's root container."""
    return RootId(_parse(text, _ROOT, "an organization root id", "r-ab12"))


def organization_id(text: str) -> OrganizationId:
    """Parse an organization id."""
    return OrganizationId(_parse(text, _ORGANIZATION, "an organization id", "o-exampleorgid"))


def policy_id(text: str) -> PolicyId:
    """Parse an Organizations policy id."""
    return PolicyId(_parse(text, _POLICY, "an Organizations policy id", "p-11112222"))


def log_id(text: str) -> LogId:
    """Parse a log id: 16 lower-case hexadecimal digits."""
    return LogId(_parse(text, _LOG, "a log id", "5f0c8d2e9b7a4c31"))


def request_id(text: str) -> RequestId:
    """Parse a request (or survey) id."""
    if is_proposal(text):
        raise UsageError(
            f"{text!r} is no request: owners sign it",
            hint="with `orgroot rules sign` or `orgroot trust sign`",
            code="id",
        )
    return RequestId(_parse(text, _REQUEST, "a request id", "orq_ and 26 of a-z, 2-7"))


def execution_id(text: str) -> ExecutionId:
    """Parse an execution id."""
    return ExecutionId(_parse(text, _EXECUTION, "an execution id", "oex_ and 26 of a-z, 2-7"))


def proposal_id(text: str) -> ProposalId:
    """Parse the id of what owners are to sign."""
    return ProposalId(_parse(text, _PROPOSAL, "a proposal id", "opr_ and 26 of a-z, 2-7"))


def is_proposal(text: str) -> bool:
    """Whether an id would be that of a proposal, rightly written or not."""
    return text.startswith("opr_")


def digest(text: str) -> Digest:
    """Parse a SHA-256 in hexadecimal."""
    return Digest(_parse(text, _DIGEST, "a SHA-256 digest", "64 hexadecimal digits"))


def grouped(account: str) -> str:
    """An account id as people compare it: `1111-2222-3333`."""
    return "-".join(account[i : i + 4] for i in range(0, len(account), 4))


def sha256(data: bytes) -> Digest:
    """The SHA-256 of some bytes, in lower-case hexadecimal."""
    return Digest(hashlib.sha256(data).hexdigest())


def statement_id(prefix: str, text: bytes) -> str:
    """The id of a statement: prefix and the first 26 characters of base32(SHA-256(text)).

    RFC 4648 base32 in lower case; 130 bits, so ids are unguessable and collision-free in practice.
    """
    return prefix + base64.b32encode(hashlib.sha256(text).digest()).decode().lower()[:26]


def request_id_of(text: bytes) -> RequestId:
    """The id of a request or survey with this exact statement text."""
    return RequestId(statement_id("orq_", text))


def execution_id_of(text: bytes) -> ExecutionId:
    """The id of an execution whose intent (or survey) has this exact statement text."""
    return ExecutionId(statement_id("oex_", text))


def proposal_id_of(text: bytes) -> ProposalId:
    """The id of the statement of owners with this exact text."""
    return ProposalId(statement_id("opr_", text))
