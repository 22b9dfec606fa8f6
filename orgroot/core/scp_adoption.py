"""Taking over an SCP that somebody made: which ones may be, and the change that does it.

Adopted, an SCP is orgroot's as if it had created it: rewritten, detached and deleted as the
configuration says. So it must be declared first.
"""

from orgroot.core.config import ScpConfig
from orgroot.core.neighbours import owner_of
from orgroot.core.plan import OURS, Change
from orgroot.core.scp import ObservedScp
from orgroot.core.scp_changes import AdoptableScp, adopt_scp
from orgroot.core.scp_document import policy_text
from orgroot.errors import UsageError


def adoption(
    name: str, configured: ScpConfig | None, existing: ObservedScp | None
) -> Change | None:
    """The change that makes an SCP orgroot's; None: it is.

    Raises:
        UsageError: there is none, it is somebody else's, or it is not declared.
    """
    if existing is None:
        raise UsageError(
            f"the organization has no SCP {name}",
            hint="`orgroot scp apply` creates what is declared",
            code="scp-adopt",
        )
    if existing.aws_managed:
        raise UsageError(
            f"SCP {name} is AWS's own: nobody can change it, and so nobody can take it over",
            hint="attach and detach it outside of orgroot; an SCP of yours needs another name",
            code="managed-by",
        )
    owner = owner_of(name, existing.tags)
    if owner:
        raise _not_adoptable(name, owner)
    if configured is None:
        raise UsageError(
            f"SCP {name} is not declared: adopted, the next `scp apply` would delete it",
            hint=f"add `{{name: {name}, file: …, targets: […]}}` under `scps:` first",
            code="scp-adopt",
        )
    if configured.managed_by != OURS:
        raise _not_adoptable(name, configured.managed_by)
    if existing.ours:
        return None
    return adopt_scp(
        name,
        AdoptableScp(
            id=existing.id,
            policy=policy_text(existing.text or ""),
            description=existing.description,
            tags=dict(existing.tags),
        ),
    )


def _not_adoptable(name: str, owner: str) -> UsageError:
    return UsageError(
        f"SCP {name} is managed by {owner}: orgroot never writes it",
        hint=f"change it through {owner}; declared with `managed_by:` it is compared",
        code="managed-by",
    )
