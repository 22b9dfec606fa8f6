"""The log for other eyes: followed as it grows, and exported for other systems."""

import csv
import hashlib
import io
import json
import os
import signal
from pathlib import Path

import pytest

from tests.e2e.playground import Done, Playground
from tests.report.ocsf_schema import flaws


@pytest.fixture(scope="module")
def used(place: Playground) -> Playground:
    """A sandbox whose log holds an executed request and a survey."""
    bucket = place.locked_bucket("artifacts")
    where = (bucket["name"], "--account", bucket["account"])
    place.ok("alice", "inspect", "bucket", *where)
    asked = ("unlock-bucket", *where, "--mode", "drop-statements", "--reason", "a drill")
    request = place.pending("alice", *asked)
    place.approve(request, "bob", "olga")
    place.ok("alice", "execute", request, "--yes")
    return place


def exported(place: Playground, form: str, *options: str) -> Done:
    """What an auditor exports to stdout."""
    done = place.run("carol", "log", "export", "--format", form, *options)
    assert done.code == 0, done.err
    assert "records of a verified log; receipt: orgroot1 " in done.err
    return done


def test_every_record_leaves_in_each_form(used: Playground) -> None:
    """JSON Lines and CSV hold each record once, OCSF at least one valid event of each."""
    numbers = list(range(1, len(used.records()) + 1))
    lines = [json.loads(line) for line in exported(used, "jsonl").out.splitlines()]
    assert [line["seq"] for line in lines if line["fact"] is None] == numbers
    rows = list(csv.DictReader(io.StringIO(exported(used, "csv").out)))
    assert [row["hash"] for row in rows] == [line["hash"] for line in lines]
    events = [json.loads(line) for line in exported(used, "ocsf").out.splitlines()]
    assert [flaw for event in events for flaw in flaws(event)] == []
    assert {event["metadata"]["sequence"] for event in events} == set(numbers)
    issued = {e["session"]["uid"] for e in events if e["class_uid"] == 3003}
    assert issued == {s["access_key_id"] for s in used.witness()["sessions"]}


def test_an_export_into_a_file_says_what_was_written(used: Playground, tmp_path: Path) -> None:
    """The file is whole, its digest is named, and the receipt pins what it was made from."""
    out = tmp_path / "log.jsonl"
    options = ("--format", "jsonl", "--out", str(out), "--from", "3")
    done = used.ok("carol", "log", "export", *options)
    assert done["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (done["first_seq"], done["last_seq"]) == (3, len(used.records()))
    assert done["records"] == len(out.read_text(encoding="utf-8").splitlines())
    used.ok("carol", "log", "verify", "--receipt", done["receipt"])
    day = lines_of(used, "--since", "2000-01-01", "--to", "2999-12-31")
    assert len(day) == done["records"] + 2
    assert lines_of(used, "--to", "2000-01-01") == []


def lines_of(place: Playground, *options: str) -> list[str]:
    """The lines of an export."""
    return exported(place, "jsonl", *options).out.splitlines()


def test_an_export_of_no_time_is_refused(used: Playground) -> None:
    """A span that ends before it begins is a slip, not an empty log."""
    span = ("--format", "jsonl", "--since", "2026-11-25", "--to", "2026-11-24")
    done = used.refused("carol", 2, "log", "export", *span)
    assert "--since 2026-11-25 is later than --to 2026-11-24" in done.err


def test_a_log_that_does_not_verify_is_not_exported(used: Playground, tmp_path: Path) -> None:
    """Exit 4, no line on stdout, and no file."""
    record = used.folder / "log" / "000000000002.json"
    good = record.read_bytes()
    record.chmod(0o600)
    record.write_bytes(good.replace(b"alice", b"alicf", 1))
    out = tmp_path / "log.csv"
    plain = used.run("carol", "log", "export", "--format", "csv")
    filed = used.run("carol", "log", "export", "--format", "csv", "--out", str(out))
    record.write_bytes(good)
    assert (plain.code, plain.out, filed.code) == (4, "", 4)
    assert "nothing was exported" in plain.err
    assert not out.exists()


def test_who_follows_sees_each_record_and_leaves_with_ctrl_c(used: Playground) -> None:
    """Lines appear as records come, in JSON one object each, and Ctrl-C is a clean end."""
    options = ("log", "show", "--follow", "--last", "1", "--person", "olga", "-o", "json")
    following = used.start("carol", *options)
    assert following.stdout is not None
    first = json.loads(following.stdout.readline())
    assert (first["type"], first["person"]) == ("approval", "olga")
    bucket = used.locked_bucket("artifacts")
    used.ok("olga", "inspect", "bucket", bucket["name"], "--account", bucket["account"])
    news = [json.loads(following.stdout.readline()) for _ in range(2)]
    assert [row["type"] for row in news] == ["survey", "closed"]
    os.kill(following.pid, signal.SIGINT)
    out, err = following.communicate(timeout=30)
    assert (following.returncode, out) == (0, ""), err
    assert "Traceback" not in err
