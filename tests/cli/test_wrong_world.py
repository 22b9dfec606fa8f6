"""Credentials, endpoint, organization, trust or log that are not what they should be; AWS's no."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.playground import Playground, playground

SWEEP = ("inventory", "--all")
REMOVE = ("credentials", "remove", "--all", "--reason", "a drill", "--yes")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """Another organization."""
    with playground(tmp_path_factory.mktemp("other") / "s", "--accounts", "3") as found:
        yield found


def keys_of(folder: Path, person: str) -> str:
    """The base64 part of somebody's public key."""
    return (folder / "keys" / f"{person}.pub").read_text(encoding="ascii").split()[1]


@pytest.mark.parametrize("command", [SWEEP, REMOVE], ids=["inventory", "removal"])
@pytest.mark.parametrize(
    ("variables", "code", "says"),
    [
        pytest.param(
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
            2,
            ("no usable AWS credentials", "configure credentials"),
            id="no credentials",
        ),
        pytest.param(
            {"AWS_ACCESS_KEY_ID": "AKIAAAAAAAAAAAAAAAAA"},
            2,
            ("not accepted (InvalidClientTokenId)", "configure credentials"),
            id="unknown access key",
        ),
        pytest.param(
            {"AWS_SECRET_ACCESS_KEY": "no-such-secret"},
            2,
            ("not accepted (SignatureDoesNotMatch)", "configure credentials"),
            id="wrong secret",
        ),
        pytest.param(
            {"AWS_ENDPOINT_URL": ""},
            4,
            ("this log belongs to a sandbox, but AWS_ENDPOINT_URL is not set", "sandbox env"),
            id="AWS's own endpoint",
        ),
        pytest.param(
            {"AWS_ENDPOINT_URL": "http://192.0.2.1:5000"},
            4,
            ("which is neither AWS nor on this machine", "unset it"),
            id="an endpoint of another machine",
        ),
        pytest.param(
            {"ORGROOT_CONFIG": "", "ORGROOT_AS": ""},
            2,
            ("no configuration was found: looked at --config, ORGROOT_CONFIG", "orgroot init"),
            id="no configuration",
        ),
    ],
)
def test_a_wrong_environment_ends_before_the_first_change(
    place: Playground,
    variables: dict[str, str],
    code: int,
    says: tuple[str, ...],
    command: tuple[str, ...],
) -> None:
    """Credentials and endpoint that are absent or wrong end with their code and the remedy."""
    done = place.refused("alice", code, *command, env=variables)
    for text in says:
        assert text in done.err


def test_expired_credentials_are_said_to_be_expired(place: Playground) -> None:
    """Session credentials that AWS calls expired are exit 2, and nothing is tried with them."""
    rule = {"effect": "session-lifetime", "operation": "AssumeRole", "seconds": 0}
    place.control("faults", {"rules": [rule]})
    role = f"arn:aws:iam::{place.account('network')}:role/OrganizationAccountAccessRole"
    answer = place.administrator("sts").assume_role(RoleArn=role, RoleSessionName="short")
    place.control("faults", method="DELETE")
    variables = {
        "AWS_ACCESS_KEY_ID": answer["Credentials"]["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": answer["Credentials"]["SecretAccessKey"],
        "AWS_SESSION_TOKEN": answer["Credentials"]["SessionToken"],
    }
    done = place.refused("alice", 2, *REMOVE, env=variables)
    assert "the AWS credentials are expired (ExpiredToken)" in done.err
    assert "AWS_SESSION_TOKEN" in done.err


def test_an_expired_sign_in_names_the_exact_command(place: Playground) -> None:
    """A profile whose SSO sign-in is absent or expired answers with `aws sso login --profile`."""
    file = place.folder / "aws-config"
    file.write_text(
        "[profile corp]\nsso_session = corp\nsso_account_id = 111111111111\n"
        "sso_role_name = RootGovernance\nregion = eu-west-1\n"
        "[sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = eu-west-1\n",
        encoding="utf-8",
    )
    variables = {
        "AWS_CONFIG_FILE": str(file),
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
    }
    done = place.refused("alice", 2, "--profile", "corp", *SWEEP, env=variables)
    assert "run `aws sso login --profile corp`" in done.err


def test_credentials_of_another_organization_are_an_integrity_error(
    place: Playground, elsewhere: Playground
) -> None:
    """What the configuration says and what AWS says must be one organization: else exit 4."""
    ours = str(place.folder / "config.yaml")
    state = str(place.folder / "state" / "alice")
    variables = {"ORGROOT_CONFIG": ours, "ORGROOT_STATE_DIR": state}
    with place.untouched():
        done = elsewhere.refused("alice", 4, *REMOVE, env=variables)
    assert f"of organization {elsewhere.info['organization']}" in done.err
    assert f"the configuration is of {place.info['organization']}" in done.err
    assert "use other credentials, or the right --config" in done.err


def test_a_configuration_of_another_organization_fits_no_log(place: Playground) -> None:
    """An edited organization id is not what the log's genesis says: exit 4, not a new truth."""
    path = place.variant("other-organization", (place.info["organization"], "o-aaaaaaaaaa"))
    done = place.refused("alice", 4, "--config", path, *REMOVE)
    assert "the audit log does not verify" in done.err
    assert place.info["organization"] in done.err


def test_a_changed_trust_is_an_integrity_error(place: Playground) -> None:
    """Other owners than those this machine has pinned are exit 4, whatever the command."""
    place.ok("alice", "inventory", place.account("network"))
    dana, bob = keys_of(place.folder, "dana"), keys_of(place.folder, "bob")
    path = place.variant("other-owner", (dana, bob))
    for command in (SWEEP, REMOVE, ("status",), ("request", "list"), ("log", "verify")):
        done = place.refused("alice", 4, "--config", path, *command)
        assert "this machine trusts log" in done.err
        assert "put the old one back" in done.err


@pytest.mark.parametrize("what", ["gone", "a file"])
def test_a_log_that_cannot_be_written_stops_everything(place: Playground, what: str) -> None:
    """Without its log orgroot opens no root session, changes nothing and ends with exit 5."""
    log, aside = place.folder / "log", place.folder / "log.aside"
    before = place.changing_calls()
    log.rename(aside)
    if what == "a file":
        log.write_text("not a folder", encoding="ascii")
    try:
        ends = {
            command: place.run(person, *command)
            for person, command in (
                ("alice", SWEEP),
                ("alice", REMOVE),
                ("alice", ("disable", "--reason", "a drill", "--yes")),
                ("alice", ("scp", "apply", "--reason", "a drill", "--yes")),
                ("bob", ("approve", "orq_" + "a" * 26, "--yes")),
                ("carol", ("log", "verify")),
            )
        }
    finally:
        log.unlink(missing_ok=True)
        aside.rename(log)
    assert {command: done.code for command, done in ends.items()} == dict.fromkeys(ends, 5)
    for done in ends.values():
        assert "the audit log in" in done.err
        assert ("restore it from its backup" if what == "gone" else "check the folder") in done.err
    assert place.changing_calls() == before


def test_an_emptied_log_is_not_a_new_one(place: Playground) -> None:
    """A store that lost its records is exit 4 for who has seen them, never a fresh start."""
    place.ok("alice", *SWEEP, code=9)
    log, aside = place.folder / "log", place.folder / "log.aside"
    stranger = str(place.folder / "state" / "nobody")
    before = place.changing_calls()
    log.rename(aside)
    log.mkdir()
    try:
        done = place.run("alice", *REMOVE)
        known = place.run("alice", "log", "verify")
        new = place.run("carol", "log", "verify", env={"ORGROOT_STATE_DIR": stranger})
    finally:
        log.rmdir()
        aside.rename(log)
    assert done.code == 4
    assert "ROLLBACK" in done.err
    assert (known.code, new.code) == (4, 2)
    assert "there is nothing to verify" in new.err
    assert place.changing_calls() == before


def test_a_denied_caller_is_told_what_denied_it(place: Playground) -> None:
    """AWS's no to AssumeRoot for one target is exit 8, with AWS's words, and changes nothing."""
    bucket = place.locked_bucket("tfstate")
    before = place.changing_calls()
    done = place.run("bob", "inspect", "bucket", bucket["name"], "--account", bucket["account"])
    assert done.code == 8
    assert "no identity-based policy allows the sts:AssumeRoot action" in done.err
    assert "allow this call in the identity policy" in done.err
    after = place.changing_calls()
    assert {name for name in after if after[name] != before.get(name, 0)} == {"sts:AssumeRoot"}
    last = place.control("state")["assume_root"][-1]
    assert last["error_code"] == "AccessDenied"


def test_a_shielded_account_is_named_with_the_policy_that_denies(place: Playground) -> None:
    """An SCP that stops root sessions is exit 8 for one bucket, 9 for one account, never clean."""
    shielded = place.account("card-vault-prod")
    done = place.run("alice", "inspect", "bucket", "some-bucket", "--account", shielded)
    assert done.code == 8
    assert "with an explicit deny in a service control policy" in done.err
    assert "exempt AssumeRoot sessions in it" in done.err
    row = place.ok("alice", "inventory", shielded, code=9)["accounts"][0]
    assert row["clean"] is None
    assert row["denied_by"]["sid"] == "DenyRootUser"
    done = place.run("alice", *("credentials", "remove", shielded, "--reason", "x", "--yes"))
    assert done.code == 9
    assert "removed" not in json.dumps(place.ok("alice", "request", "list", "--all"))


def test_an_account_id_with_a_leading_zero_needs_no_quotes(place: Playground) -> None:
    """`012345670123` without quotes is that account, not an octal number."""
    network = place.account("network")
    assert network.startswith("0")
    exempt = (
        f"accounts:\n  exempt:\n    - {{account: {network}, reason: a drill, until: 2099-12-31}}"
    )
    path = place.variant("exempt", ("scps:\n", f"{exempt}\n\nscps:\n"))
    found = place.ok("alice", "--config", path, "inventory", network)
    assert [row["id"] for row in found["accounts"]] == [network]
    assert found["summary"]["skipped"] == 1
    assert "a drill" in found["accounts"][0]["reason"]
    read = place.ok("alice", "inventory", network)
    assert [(row["id"], row["state"]) for row in read["accounts"]] == [(network, "ACTIVE")]
    assert read["summary"]["read"] == 1


def test_a_management_account_with_a_leading_zero_needs_no_quotes(place: Playground) -> None:
    """Unquoted ids elsewhere in the configuration load as they are written, too."""
    manager = place.info["management_account"]
    path = place.variant("unquoted", (f'"{manager}"', manager))
    assert place.ok("alice", "--config", path, "status")["management_account"] == manager
    other = place.variant("octal", (f'"{manager}"', "012345670123"))
    done = place.refused("alice", 4, "--config", other, "inventory", "--all")
    assert "012345670123" in done.err
