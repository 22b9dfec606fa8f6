"""An organization of three targets and its SCPs, for what is declared, planned and done to them."""

from orgroot.core.config import ScpConfig
from orgroot.core.scp import TAGS, DeclaredScp, ObservedScp, ObservedScps, declare
from orgroot.core.scp_document import parse_scp

ORG_ROOT, UNIT, ACCOUNT = "r-ab12", "ou-ab12-sandbox01", "222222222222"
TEXT = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}'
OTHER_TEXT = TEXT.replace("s3", "iam")
ALLOW = TEXT.replace("Deny", "Allow")
SPACED = TEXT.replace(",", " , ")
FULL_ID = "p-FullAWSAccess"
FULL = ObservedScp(
    id=FULL_ID,
    name="FullAWSAccess",
    description="",
    aws_managed=True,
    text=TEXT.replace("Deny", "Allow").replace("s3:*", "*"),
    tags={},
)


def scp(name: str = "one", text: str | None = TEXT, **tags: str) -> ObservedScp:
    """An SCP of orgroot's by this name, or of somebody with these tags."""
    return ObservedScp(
        id=f"p-{name}",
        name=name,
        description="d",
        aws_managed=False,
        text=text,
        tags=tags or TAGS,
    )


def declared(
    *targets: str, name: str = "one", text: str = TEXT, managed_by: str = "orgroot"
) -> DeclaredScp:
    """An SCP declared for these targets."""
    configured = ScpConfig(
        name=name, file="f.json", description="d", targets=targets, managed_by=managed_by
    )
    return declare(configured, parse_scp(text, "f.json"), ORG_ROOT)


def observed(
    *policies: ObservedScp, bare: tuple[str, ...] = (), **attached: tuple[str, ...]
) -> ObservedScps:
    """An organization with these SCPs; what each target holds besides FullAWSAccess.

    Targets in `bare` do not have that one.
    """
    ids = {"root": ORG_ROOT, "unit": UNIT, "account": ACCOUNT}
    return ObservedScps(
        org_root=ORG_ROOT,
        enabled=True,
        policies=(FULL, *policies),
        attached={
            target: (*(() if name in bare else (FULL_ID,)), *attached.get(name, ()))
            for name, target in ids.items()
        },
    )
