"""What a signer is shown of new rules or owners: every value that differs, and nothing else."""

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orgroot.core.config import Approvals
from orgroot.core.differences import Difference, differences, leaves
from orgroot.core.people import usable_key
from orgroot.core.structure import convert
from tests.core import scene as s

KEY = usable_key(s.key("bob"))
assert KEY is not None
AT = f"people.bob.keys[{KEY.fingerprint}]"


def changed(edit: Any) -> tuple[Difference, ...]:
    """What an edited tree of rules differs in."""
    tree = s.tree_of()
    edited = copy.deepcopy(tree)
    edit(edited)
    return differences(convert(tree, Approvals), convert(edited, Approvals))


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda t: t.copy(), []),
        (
            lambda t: t["people"]["bob"].update(groups=["security", "platform"]),
            [("people.bob.groups", "[security]", "[security, platform]")],
        ),
        (
            lambda t: t["people"]["bob"].update(service="true"),
            [("people.bob.service", "false", "true")],
        ),
        (
            lambda t: t["rules"][0]["approvals"].update(total="2"),
            [("rules[root-tasks].approvals.total", "1", "2")],
        ),
        (
            lambda t: t["rules"][0].update(ticket="INC-[0-9]+"),
            [("rules[root-tasks].ticket", None, "INC-[0-9]+")],
        ),
        (
            lambda t: t["people"]["bob"]["keys"][0].update(
                revoked="2026-03-01T00:00:00Z", reason="lost"
            ),
            [(f"{AT}.reason", None, "lost"), (f"{AT}.revoked", None, "2026-03-01T00:00:00Z")],
        ),
        (
            lambda t: t["people"]["bob"].update(keys=[]),
            [
                ("people.bob.keys", None, "[]"),
                (f"{AT}.added", "2026-01-10T00:00:00Z", None),
                (f"{AT}.key", s.key("bob"), None),
            ],
        ),
        (
            lambda t: t["rules"].reverse(),
            [
                (
                    "rules (order)",
                    "[root-tasks, state-buckets, guarded, adding, reading]",
                    "[reading, adding, guarded, state-buckets, root-tasks]",
                )
            ],
        ),
        (
            lambda t: t["rules"].pop(3),
            [
                ("rules[adding].approvals.each_of", "[]", None),
                ("rules[adding].approvals.total", "0", None),
                ("rules[adding].id", "adding", None),
                ("rules[adding].match.tasks", "[enable-root-access]", None),
                ("rules[adding].requesters.groups", "[platform]", None),
            ],
        ),
    ],
)
def test_each_value_that_differs_is_named(
    edit: Any, expected: list[tuple[str, str | None, str | None]]
) -> None:
    """By its path, with the value before and after."""
    assert [(d.path, d.before, d.after) for d in changed(edit)] == expected


def test_from_nothing_all_is_new() -> None:
    """The first rules are shown in full."""
    found = differences(None, s.approvals_of())
    assert all(d.before is None for d in found)
    assert {d.path: d.after for d in found} == leaves(s.approvals_of())


def test_owners_are_named_with_their_keys() -> None:
    """A key that is put in another's place shows as one that went and one that came."""
    found = differences(s.owners_of("dana", "erik"), s.owners_of("dana", "gina", threshold=2))
    assert [(d.path.partition(" ")[0], d.before, d.after) for d in found] == [
        ("keys[erik", s.key("erik"), None),
        ("keys[erik", "erik", None),
        ("keys[gina", None, s.key("gina")),
        ("keys[gina", None, "gina"),
        ("threshold", "1", "2"),
    ]


def test_entries_of_one_name_are_told_apart() -> None:
    """Two AWS identities alike, one with neither name, and a key that is none: all are shown."""

    class Rows(msgspec.Struct):
        rows: list[dict[str, Any]]

    twice = Rows([{"arn": "a", "n": 1}, {"arn": "a", "n": 2}, {"n": {}}, {"key": "odd"}])
    assert leaves(twice) == {
        "rows[a].arn": "a",
        "rows[a].n": "1",
        "rows[a#2].arn": "a",
        "rows[a#2].n": "2",
        "rows[entry].n": "{}",
        "rows[odd].key": "odd",
    }


def edits(tree: Any, draw: Any) -> None:
    """One change somewhere in a tree of rules."""
    kind = draw(st.sampled_from(["person", "gone", "group", "rule", "total", "key", "order"]))
    name = draw(st.sampled_from(["alice", "bob", "carol", "erik"]))
    rules = tree["rules"]
    if kind == "person":
        tree["people"]["zoe"] = s.person("zoe", groups=["security"])
    elif kind == "gone":
        tree["people"].pop(name, None)
    elif kind == "group" and name in tree["people"]:
        tree["people"][name]["groups"] = draw(st.lists(st.sampled_from(["security", "x"])))
    elif kind == "rule":
        rules.append(s.rule(f"r{len(rules)}", ["unlock-bucket"], draw(st.integers(0, 3))))
    elif kind == "total":
        rules[0]["approvals"]["total"] = str(draw(st.integers(0, 3)))
    elif kind == "key" and name in tree["people"]:
        tree["people"][name]["keys"][0]["key"] = s.key(draw(st.sampled_from(["k1", "k2", "bob"])))
    else:
        rules.insert(0, rules.pop())


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_nothing_changes_unseen(data: Any) -> None:
    """Differences are empty exactly for equal rules, and turn the old values into the new ones."""
    tree = s.tree_of()
    edited = copy.deepcopy(tree)
    for _ in range(data.draw(st.integers(0, 3))):
        edits(edited, data.draw)
    old, new = convert(tree, Approvals), convert(edited, Approvals)
    found = differences(old, new)
    assert (not found) is (old == new)
    values = leaves(old)
    for d in found:
        if not d.path.endswith(" (order)"):
            assert values.pop(d.path, None) == d.before
            if d.after is not None:
                values[d.path] = d.after
    assert values == leaves(new)
