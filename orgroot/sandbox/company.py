"""The seeded company on paper: its OUs, and what its accounts are called. Names only."""

from dataclasses import dataclass
from itertools import count, product
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPANY: Final = "norrvik"
MAIL_DOMAIN: Final = "norrvik.example"

OUS: Final = (
    "Security",
    "Infrastructure",
    "Workloads",
    "Workloads/Production",
    "Workloads/Production/Payments",
    "Workloads/Staging",
    "Workloads/Development",
    "Sandbox",
    "Acquired",
    "Restricted",
    "Suspended",
)
"""Every OU as a path of names, parents first."""

SHIELDED: Final = "card-vault-prod"
"""The one account of the OU whose SCP also denies AssumeRoot sessions."""

SUSPENDED: Final = "legacy-crm"
"""The account that is suspended."""

_FIXED: Final = (
    ("payments-prod", "Workloads/Production/Payments"),
    ("network", "Infrastructure"),
    ("shared-services", "Infrastructure"),
    ("log-archive", "Security"),
    ("security-tooling", "Security"),
    ("orders-prod", "Workloads/Production"),
    ("backup", "Infrastructure"),
)
_TEAMS: Final = (
    *("orders", "payments", "tracking", "customs", "fleet", "routing", "billing", "pricing"),
    *("identity", "search", "catalogue", "loyalty", "claims", "warehouse", "returns", "messaging"),
    *("reporting", "forecast", "partner-api", "mobile", "web", "data-lake", "ml", "edi"),
)
_STAGES: Final = (
    ("dev", "Workloads/Development"),
    ("staging", "Workloads/Staging"),
    ("prod", "Workloads/Production"),
)
_TESTERS: Final = ("anna", "jonas", "mehmet", "li", "sofia", "tomasz", "ingrid", "pablo")
_ACQUIRED: Final = ("brightcart", "fjordline", "parcelhub", "coldchain", "quaymaster", "lastmile")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPlan:
    """An account to be made: its name and the path of its OU."""

    name: str
    ou: str
    invited: bool = False


def _ordinary() -> "Iterator[AccountPlan]":
    taken = {name for name, _ in _FIXED}
    for name, ou in _FIXED:
        yield AccountPlan(name=name, ou=ou)
    for round_number in count(1):
        suffix = "" if round_number == 1 else f"-{round_number}"
        workloads = [
            (f"{team}-{stage}{suffix}", ou) for team, (stage, ou) in product(_TEAMS, _STAGES)
        ]
        personal = [(f"sandbox-{person}{suffix}", "Sandbox") for person in _TESTERS]
        for index, (name, ou) in enumerate(workloads):
            if name not in taken:
                yield AccountPlan(name=name, ou=ou)
            # One personal account after each three of the workloads, as long as there are any.
            if index % 3 == 2 and index // 3 < len(personal):  # noqa: PLR2004 - of three stages
                yield AccountPlan(name=personal[index // 3][0], ou=personal[index // 3][1])


def _acquired() -> "Iterator[AccountPlan]":
    for round_number in count(1):
        suffix = "" if round_number == 1 else f"-{round_number}"
        for firm in _ACQUIRED:
            yield AccountPlan(name=f"{firm}{suffix}", ou="Acquired", invited=True)


def plan_members(members: int) -> tuple[AccountPlan, ...]:
    """The accounts of an organization with so many member accounts.

    One in eight was acquired (and at least one from two members on); from three on one is
    shielded, from five on one is suspended.
    """
    plans: list[AccountPlan] = []
    if members >= 3:  # noqa: PLR2004 - see above
        plans.append(AccountPlan(name=SHIELDED, ou="Restricted"))
    if members >= 5:  # noqa: PLR2004 - see above
        plans.append(AccountPlan(name=SUSPENDED, ou="Suspended"))
    acquired = _acquired()
    invited = max(members // 8, 1 if members > 1 else 0)
    plans.extend(next(acquired) for _ in range(invited))
    ordinary = _ordinary()
    plans.extend(next(ordinary) for _ in range(members - len(plans)))
    return tuple(plans)
