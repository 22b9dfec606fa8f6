"""What SCPs mean together, whoever wrote them."""

from orgroot.core.root_principals import RootPrincipal
from orgroot.core.scp_lockout import Scp
from orgroot.core.scp_meaning import meaning, neighbour_notes, neighbours
from orgroot.core.scp_statement import parse_statements
from orgroot.core.scp_tree import BoundScp, ScpTree
from tests.core.scp_world import FULL, declared, observed, scp

ACCOUNTS = tuple(f"{n}" * 12 for n in range(1, 8))
EXEMPT = (
    '{"Version":"2012-10-17","Statement":{"Sid":"Root","Effect":"Deny","Action":"*",'
    '"Resource":"*","Condition":{"Null":{"aws:AssumedRoot":"true"}}}}'
)
EVERYBODY = EXEMPT.replace(',"Condition":{"Null":{"aws:AssumedRoot":"true"}}', "")


def tree(**attached: tuple[str, ...]) -> ScpTree:
    """Seven accounts; on each target these SCPs beside FullAWSAccess."""
    texts = {"Full": FULL.text or "", "exempt": EXEMPT, "everybody": EVERYBODY}
    nodes = ("root", *ACCOUNTS)
    return ScpTree(
        organization="o-exampleorgid",
        policies={
            name: BoundScp(id=name, scp=Scp(name=name, statements=parse_statements(text, name)))
            for name, text in texts.items()
        },
        attached={node: ("Full", *attached.get(f"n{node}", ())) for node in nodes},
        paths=dict.fromkeys(ACCOUNTS, ("root",)),
    )


def said(of: ScpTree) -> tuple[str, ...]:
    """The two sentences."""
    return meaning(of, ("eu-west-1",), "2026-11-25T10:00:00Z")


def test_nothing_is_denied_by_nobody() -> None:
    """Without a denial, neither sentence names anybody."""
    assert said(tree()) == (
        "long-term root is denied every root task in 0 of 7 accounts",
        "root sessions are stopped in 0 of 7 accounts",
    )


def test_root_may_be_denied_by_any_policy() -> None:
    """It counts where all five tasks are denied, and sessions pass an exemption."""
    assert said(tree(nroot=("exempt",))) == (
        "long-term root is denied every root task in 7 of 7 accounts, by exempt",
        "root sessions are stopped in 0 of 7 accounts",
    )


def test_where_sessions_are_stopped_is_named() -> None:
    """A few accounts by id, and the policies that stop them."""
    some = {f"n{account}": ("everybody",) for account in ACCOUNTS[:6]}
    users, sessions = said(tree(**some))
    assert users.endswith("6 of 7 accounts, by everybody")
    shown = ", ".join(ACCOUNTS[:5])
    assert sessions == (
        f"root sessions are stopped in 6 of 7 accounts ({shown} and 1 more), by everybody"
    )
    assert len(RootPrincipal) == 2


def test_neighbours_are_told_by_configuration_name_or_tag() -> None:
    """Orgroot's own, AWS's own and nobody's are none."""
    state = observed(
        scp("one"),
        scp("theirs", team="platform"),
        scp("AWSAccelerator-2", orgroot="x"),
        scp("AWSAccelerator-1", orgroot="x"),
        scp("tagged", terraform="true"),
        scp("declared", team="x"),
    )
    wanted = (declared(name="one"), declared(name="declared", managed_by="stacksets"))
    assert neighbour_notes(neighbours(wanted, state)) == (
        (
            "2 SCP(s) of Landing Zone Accelerator, looked at and never written: "
            "AWSAccelerator-1, AWSAccelerator-2"
        ),
        "1 SCP(s) of Terraform, looked at and never written: tagged",
        "1 SCP(s) of stacksets, looked at and never written: declared",
    )
