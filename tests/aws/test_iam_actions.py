"""The list of actions without an operation is what its generator makes of it."""

import json
from pathlib import Path

import pytest

from orgroot.aws.action_names import EXTRA, BotocoreActions
from tools.iam_actions import main, read_reference, renewed

SERVICES = frozenset(
    {"a2c", "apigateway", "awsbillingconsole", "dynamodb", "iam", "lambda", "s3", "sqs", "sts"}
)
"""With and without a model, with and without calls, and one that is no more."""


def lines(text: str, services: frozenset[str]) -> list[str]:
    """The lines of some services."""
    return [line for line in text.splitlines() if line.split()[0] in services]


def test_the_list_is_what_the_generator_yields() -> None:
    """With every action that is known, and with the list alone: nothing that botocore offers."""
    text = EXTRA.read_text("utf-8")
    words = BotocoreActions().vocabulary(SERVICES)
    offered = BotocoreActions().operations(SERVICES)
    short = "\n".join(
        (*(line for line in text.splitlines() if line[0] == "#"), *lines(text, SERVICES), "")
    )
    actions = {service: sorted(names) for service, names in words.actions.items() if names}
    assert renewed(short, actions, offered) == short
    assert renewed(short, {}, offered) == short


def test_what_the_reference_says_by_now_is_taken() -> None:
    """New actions come in, offered ones leave, calls and services that are no more stay."""
    text = "# head\nab Old Offered -Call=Old\ngone\nkept Word\n"
    reference = {"ab": ["New", "Offered", "Old"], "cd": ["Only"], "ef": ["Offered"]}
    offered = {"ab": frozenset({"Offered"}), "ef": frozenset({"Offered"})}
    assert renewed(text, reference, offered) == (
        "# head\nab New Old -Call=Old\ncd Only\ngone\nkept Word\n"
    )


def test_the_reference_is_read_as_aws_publishes_it(tmp_path: Path) -> None:
    """One file a service; other files in the folder say nothing."""
    (tmp_path / "s3").mkdir()
    (tmp_path / "s3" / "s3.json").write_text(
        json.dumps({"Name": "s3", "Actions": [{"Name": "GetObject"}], "Version": "v1.2"})
    )
    (tmp_path / "index.json").write_text(json.dumps([{"service": "s3", "url": "x"}]))
    assert read_reference(tmp_path) == {"s3": ["GetObject"]}


def test_a_folder_without_a_reference_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, and the list is as it was."""
    before = EXTRA.read_bytes()
    assert main([str(tmp_path)]) == main(["a", "b"]) == 2
    assert "usage" in capsys.readouterr().err
    assert EXTRA.read_bytes() == before
