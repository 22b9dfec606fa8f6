"""`scp lint` on the command line: no credentials, no configuration, no SDK."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.playground import Playground

GOOD = (
    '{"Version": "2012-10-17", "Statement": [\n'
    '{"Sid": "A", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}'
)
POLICIES = Path(__file__).parents[2] / "policies"
DENY_ROOT = POLICIES / "scp" / "deny-root-user.json"


@pytest.fixture
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Playground:
    """A home folder with nothing in it, and no sandbox."""
    return Playground(tmp_path_factory.mktemp("nowhere"))


def test_findings_are_told_as_compilers_do(nowhere: Playground, tmp_path: Path) -> None:
    """File, line, column, severity, code; the remedy below; exit 6."""
    file = tmp_path / "one.json"
    file.write_text(GOOD.replace("s3:*", "s3:GetObjct"))
    done = nowhere.run(None, "scp", "lint", str(file))
    assert done.code == 6
    assert f"{file}:2:32: warning unknown-action: Statement 1 (A): s3:GetObjct" in done.out
    assert "did you mean s3:GetObject?" in done.out
    quiet = nowhere.run(None, "scp", "lint", str(file), "--ignore", "unknown-action")
    assert (quiet.code, quiet.err) == (0, "")


def test_json_and_csv_hold_the_same_findings(nowhere: Playground, tmp_path: Path) -> None:
    """The schema is a promise; CSV has a row for each finding."""
    file = tmp_path / "one.json"
    file.write_text('{"Version": "2012-10-17",}')
    done = nowhere.run(None, "scp", "lint", str(file), "-o", "json")
    result = json.loads(done.out)
    assert (result["schema"], result["exit_reasons"]) == ("orgroot.scp-lint/v1", ["findings"])
    (finding,) = result["findings"]
    assert (finding["code"], finding["severity"], finding["line"]) == ("json", "error", 1)
    rows = csv.DictReader(io.StringIO(nowhere.run(None, "scp", "lint", str(file), "-o", "csv").out))
    assert [(row["file"], row["code"]) for row in rows] == [(str(file), "json")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("missing.json",), "missing.json"),
        (("x.json", "--ignore", "json"), "--ignore json"),
        ((), "no configuration"),
    ],
)
def test_bad_input_is_named(nowhere: Playground, arguments: tuple[str, ...], words: str) -> None:
    """No file, no such code, nothing to look at: exit 2."""
    done = nowhere.run(None, "scp", "lint", *arguments)
    assert done.code == 2
    assert words in done.err


def test_the_files_of_the_configuration_are_the_default(nowhere: Playground) -> None:
    """A repository with a configuration needs no names."""
    folder = nowhere.folder / "here"
    folder.mkdir()
    (folder / "a.json").write_text(GOOD)
    config = folder / "config.yaml"
    head = (
        "version: 1\norganization: {id: o-exampleorgid, management_account: '111111111111', "
        "region: eu-west-1}\n"
    )
    config.write_text(head + "scps: [{name: a, file: a.json, targets: [root]}]\n")
    done = nowhere.run(None, "--config", str(config), "scp", "lint", "-o", "json")
    assert [row["file"] for row in json.loads(done.out)["files"]] == ["a.json"]
    config.write_text(head)
    refused = nowhere.run(None, "--config", str(config), "scp", "lint")
    assert refused.code == 2
    assert "declares no SCPs" in refused.err


def test_what_orgroot_ships_is_clean(nowhere: Playground) -> None:
    """No error and no warning in any SCP of this repository; none stops a root session."""
    shipped = [*POLICIES.glob("scp/*.json"), *POLICIES.glob("s3/*-scp.json")]
    done = nowhere.run(None, "scp", "lint", *map(str, shipped))
    assert done.code == 0, done.out
    for file in shipped:
        checked = nowhere.run(None, "scp", "check", "--file", str(file), "-o", "json")
        assert checked.code == 0, file
        assert json.loads(checked.out)["summary"]["denied"] == 0


def test_no_sdk_is_loaded() -> None:
    """Botocore's files are read; neither it nor boto3 is imported."""
    code = (
        "import sys\n"
        "from orgroot.cli.app import main\n"
        f"sys.argv = ['orgroot', 'scp', 'lint', {str(DENY_ROOT)!r}]\n"
        "try:\n    main()\nfinally:\n"
        "    print(sorted({'boto3', 'botocore', 's3transfer'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_with_credentials_it_tells_the_room_and_asks_access_analyzer(
    place: Playground, tmp_path: Path
) -> None:
    """Slots on every level above an account; the stale wildcard error is advice, as it says."""
    file = tmp_path / "one.json"
    file.write_text(GOOD.replace("s3:*", "s3:Get*Acl"))
    account = place.info["accounts"][3]["id"]
    asked = ("scp", "lint", str(file), "--target", account, "--second-opinion", "-o", "json")
    result = json.loads(place.run("alice", *asked).out)
    assert result["targets"][-1]["target"] == account
    assert all("FullAWSAccess" in target["attached"] for target in result["targets"])
    codes = {finding["code"]: finding["severity"] for finding in result["findings"]}
    assert codes["access-analyzer/SCP_SYNTAX_ERROR_ACTION_WILDCARD"] == "advice"
    ignored = ("--ignore", "access-analyzer/SCP_SYNTAX_ERROR_ACTION_WILDCARD")
    quiet = json.loads(place.run("alice", *asked, *ignored).out)
    assert not [f for f in quiet["findings"] if f["code"].startswith("access-analyzer/")]
    refused = place.run("alice", "scp", "lint", str(file), "--target", "999999999999")
    assert refused.code == 2
    assert "no root, OU or account 999999999999" in refused.err
    nobody = place.run(None, "scp", "lint", str(file), "--second-opinion")
    assert nobody.code == 2
