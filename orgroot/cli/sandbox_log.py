"""The log that a sandbox starts with: created by its owner, through the workflow of any log."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from orgroot.cli import who
from orgroot.cli.settings import Settings
from orgroot.cli.stores import new_store
from orgroot.core.receipts import parse_receipt
from orgroot.errors import UsageError
from orgroot.local.clock import SystemClock
from orgroot.local.memory import LocalMemory
from orgroot.local.yaml_file import load_config
from orgroot.workflows.setup import init_log
from orgroot.workflows.trust import SANDBOX, pin_trust


def create_log(folder: Path, owner: str, people: Sequence[str], environ: Mapping[str, str]) -> None:
    """Write genesis and rules of the folder's config.yaml, signed with the owner's key file.

    Each of the people's state folders then holds pin and head: their first use is behind them.
    `environ` is the owner's, for a log in S3.
    """
    config = load_config(folder / "config.yaml")
    trust = config.trust
    if trust is None:  # the text above has one
        raise UsageError("the sandbox's config.yaml has no trust: section", code="no-trust")
    made = init_log(
        config=config,
        store=new_store(Settings(), trust, environ),
        memory=LocalMemory(folder / "state" / owner),
        clock=SystemClock(),
        person=owner,
        signer=who.owner_signer(config, owner, folder / "keys" / f"{owner}.pub"),
        endpoint=SANDBOX,
    )
    for person in people:
        memory = LocalMemory(folder / "state" / person)
        pin_trust(memory, config.organization.id, trust)
        if made.receipt is not None:
            memory.set_head(*parse_receipt(made.receipt))
