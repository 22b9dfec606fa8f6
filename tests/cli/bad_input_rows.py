"""Command lines that must end before anything is touched, each with its code and its words."""

from dataclasses import dataclass

NO_SUCH_REQUEST = "orq_" + "a" * 26


@dataclass(frozen=True, kw_only=True)
class Case:
    """One command line and how it must end.

    Attributes:
        name: what is wrong with it.
        arguments: after `orgroot`; `{bucket}` and `{owner}` stand for a locked bucket and its
            account, `{member}` for some other member, `{manager}` for the management account.
        code: the exit code.
        says: texts that stderr must hold: what is wrong, and the remedy.
        person: who runs it.
    """

    name: str
    arguments: str
    code: int = 2
    says: tuple[str, ...] = ()
    person: str = "alice"


UNLOCK = "unlock-bucket {bucket} --account {owner}"
CASES = (
    Case(
        name="unknown account",
        arguments="inventory 999999999999",
        says=("999999999999 is not an account of this organization", "check the id"),
    ),
    Case(
        name="unknown account to inspect",
        arguments="inspect bucket {bucket} --account 999999999999",
        says=("999999999999 is not an account of", "check the id"),
    ),
    Case(
        name="unknown account to unlock",
        arguments="unlock-bucket {bucket} --account 999999999999 --mode delete --reason x --yes",
        says=("999999999999 is not an account of", "check the id"),
    ),
    Case(
        name="the management account to inspect",
        arguments="inspect bucket {bucket} --account {manager}",
        says=("AssumeRoot does not reach the management account", "sign in there"),
    ),
    Case(name="malformed id", arguments="inventory 12345", says=("ACCOUNT: '12345'", "12 digits")),
    Case(name="an id in odd groups", arguments="inventory 111-1222-23333", says=("12 digits",)),
    Case(
        name="an id in groups of nobody",
        arguments="inventory 1111-2222-3333",
        says=("111122223333 is not an account",),
    ),
    Case(
        name="malformed excluded id",
        arguments="inventory --all --exclude all",
        says=("--exclude: 'all'", "12 digits"),
    ),
    Case(
        name="malformed account of a bucket",
        arguments="inspect bucket {bucket} --account prod",
        says=("--account: 'prod'", "12 digits"),
    ),
    Case(
        name="malformed request id",
        arguments="approve orq_123 --yes",
        says=("'orq_123' is not a request id", "expected the form"),
        person="bob",
    ),
    Case(
        name="malformed request id to execute",
        arguments="execute 42 --yes",
        says=("'42' is not a request id", "expected the form"),
    ),
    Case(
        name="unknown request",
        arguments=f"execute {NO_SUCH_REQUEST} --yes",
        says=("is not in the log", "orgroot request list"),
    ),
    Case(
        name="malformed OU",
        arguments="drift --ou workloads",
        says=("'workloads'", "expected the form ou-"),
    ),
    Case(
        name="unknown OU",
        arguments="inventory --ou ou-abcd-12345678",
        says=("ou-abcd-12345678 is not an OU of this organization", "check the id"),
    ),
    Case(name="malformed tag", arguments="inventory --tag prod", says=("'prod'", "KEY=VALUE")),
    Case(name="no selection", arguments="inventory", says=("no account is selected", "--all")),
    Case(
        name="malformed bucket name",
        arguments="inspect bucket Bad_Name --account {owner}",
        says=("'Bad_Name'", "letters"),
    ),
    Case(
        name="malformed Region of a bucket",
        arguments="inspect bucket {bucket} --account {owner} --bucket-region mars",
        says=("'mars' is not a Region", "eu-west-1"),
    ),
    Case(
        name="a pseudo Region",
        arguments="--region aws-global inventory --all",
        says=("'aws-global'", "Regional endpoints only"),
    ),
    Case(
        name="unknown output form",
        arguments="inventory --all -o xml",
        says=("'xml' is not one of", "'json'"),
    ),
    Case(
        name="unknown log level",
        arguments="--log-level loud inventory --all",
        says=("'loud' is not one of", "'debug'"),
    ),
    Case(
        name="unknown unlock mode",
        arguments=f"{UNLOCK} --mode smash --reason x --yes",
        says=("'smash' is not one of", "'delete'"),
    ),
    Case(
        name="no unlock mode",
        arguments=f"{UNLOCK} --reason x --yes",
        says=("Missing option '--mode'",),
    ),
    Case(
        name="unknown kind of credential",
        arguments="credentials remove --all --only passwords --reason x --yes",
        says=("passwords is not a kind of root credential", "access-keys"),
    ),
    Case(
        name="malformed waiting time",
        arguments=f"{UNLOCK} --mode delete --reason x --yes --wait-for soon",
        says=("'soon' is not a time", "30m"),
    ),
    Case(
        name="a duration that no session has",
        arguments=f"{UNLOCK} --mode delete --reason x --yes --duration 5",
        says=("--duration", "60"),
    ),
    Case(
        name="a longer duration than allowed",
        arguments=f"{UNLOCK} --mode delete --reason x --yes --duration 901",
        code=3,
        says=("901 seconds is longer than the 900 allowed by rule root-tasks",),
    ),
    Case(name="unknown option", arguments="inventory --al", says=("No such option", "--all")),
    Case(name="unknown command", arguments="invetory --all", says=("invetory", "inventory")),
    Case(
        name="a Sid where everything goes",
        arguments=f"{UNLOCK} --mode delete --sid LockDown --reason x --yes",
        says=("leave out --sid",),
    ),
    Case(
        name="statements of a policy that nobody has read",
        arguments="unlock-bucket never-inspected --account {owner} --mode drop-statements "
        "--reason x --yes",
        says=(
            "no inspection of never-inspected is in the log",
            "orgroot inspect bucket never-inspected --account {owner}",
        ),
    ),
    Case(
        name="removal without a reason",
        arguments="credentials remove --all --yes",
        says=("A reason is required by rule root-tasks", "--reason"),
    ),
    Case(
        name="unlock without a reason",
        arguments=f"{UNLOCK} --mode delete --yes",
        says=("A reason is required by rule root-tasks", "--reason"),
    ),
    Case(
        name="SCPs without a reason",
        arguments="scp apply --yes",
        says=("A reason is required by rule guarded", "--reason"),
    ),
    Case(
        name="removal without --yes",
        arguments="credentials remove --all --reason x",
        says=("there is no terminal to confirm it on", "--yes"),
    ),
    Case(
        name="deletion without --yes",
        arguments=f"{UNLOCK} --mode delete --reason x",
        says=("confirmed by typing", "--yes"),
    ),
    Case(
        name="SCPs without --yes",
        arguments="scp apply --reason x",
        says=("there is no terminal", "--yes"),
    ),
    Case(
        name="switching off without --yes",
        arguments="disable --reason x",
        says=("there is no terminal", "--yes"),
    ),
    Case(
        name="rules without --yes",
        arguments="rules propose",
        says=("there is no terminal", "--yes"),
        person="dana",
    ),
    Case(
        name="a second log without --yes",
        arguments="log init --as dana",
        says=("there is no terminal", "--yes"),
        person="dana",
    ),
    Case(
        name="a second log",
        arguments="log init --as dana --yes",
        says=("is not empty", "a new log needs a new or empty folder"),
        person="dana",
    ),
    Case(
        name="a configuration without --yes",
        arguments="init",
        says=("there is no terminal", "--yes"),
    ),
    Case(
        name="a team without an owner",
        arguments="init --team --yes",
        says=("--owner is missing", "--owner NAME=PUBLIC-KEY-FILE"),
    ),
    Case(
        name="a team with a malformed owner",
        arguments="init --team --yes --owner Dana --requester a=b --approver c=d",
        says=("'Dana' is not NAME=PUBLIC-KEY-FILE", "lower case"),
    ),
    Case(
        name="another person than the caller",
        arguments="inventory --all --as bob",
        says=("AWS says you are alice", "leave out --as"),
    ),
    Case(
        name="another person than the caller executes",
        arguments=f"execute {NO_SUCH_REQUEST} --as olga --yes",
        says=("AWS says you are alice", "olga's own credentials"),
    ),
    Case(
        name="nobody of the roster",
        arguments="inventory --all",
        says=("dana is nobody in the roster", "people are alice, bob, carol, olga"),
        person="dana",
    ),
    Case(
        name="no owner of the trust",
        arguments="rules publish --as bob --yes",
        says=("bob is not an owner who signs this", "owners are dana"),
    ),
    Case(
        name="a key of somebody else",
        arguments="credentials remove --all --reason x --yes --key {folder}/keys/bob.pub",
        says=("is not a key of alice", "keys are: "),
    ),
    Case(
        name="a key file that is not there",
        arguments="credentials remove --all --reason x --yes --key {folder}/no.pub",
        says=("no.pub cannot be read", "ssh-keygen -y"),
    ),
    Case(
        name="an unknown profile",
        arguments="--profile nix inventory --all",
        says=("The config profile (nix) could not be found", "--profile"),
    ),
    Case(
        name="a receipt that is none",
        arguments="--expect-head nonsense inventory --all",
        says=("'nonsense' is not a receipt", "expected the form"),
    ),
    Case(
        name="a receipt that came out empty",
        arguments="--expect-head '' inventory --all",
        says=("'' is not a receipt", "expected the form"),
    ),
    Case(
        name="a receipt that is none, to be verified",
        arguments="log verify --receipt nonsense",
        says=("'nonsense' is not a receipt", "expected the form"),
    ),
    Case(
        name="a type of record that there is not",
        arguments="log show --type nonsense",
        says=("'nonsense' is no type of record", "types are aborted, "),
    ),
    Case(
        name="a request that is no id",
        arguments="log show --request nonsense",
        says=("'nonsense' is not a request id", "orq_"),
    ),
    Case(
        name="a day that there is not",
        arguments="log export --format csv --since 2026-02-30",
        says=("--since '2026-02-30' is not a day or an instant", "2026-03-01"),
    ),
    Case(
        name="an export over a file that is there",
        arguments="log export --format csv --out {folder}/config.yaml",
        says=("config.yaml exists already", "name another file"),
    ),
    Case(
        name="a receipt of another log",
        arguments="--expect-head 'orgroot1 aaaaaaaaaaaaaaaa 1 {zeros}' inventory --all",
        code=4,
        says=("the receipt is of log aaaaaaaaaaaaaaaa", "configuration"),
    ),
    Case(
        name="a receipt of another history",
        arguments="--expect-head 'orgroot1 {log} 1 {zeros}' inventory --all",
        code=4,
        says=("FORK at record 1", "orgroot log verify"),
    ),
    Case(
        name="a configuration that is not there",
        arguments="--config {folder}/no.yaml inventory --all",
        says=("no.yaml (from --config) is not a file", "orgroot init"),
    ),
    Case(
        name="a sandbox in a folder that has one",
        arguments="sandbox up --dir {folder}",
        says=("already holds config.yaml", "--force"),
    ),
    Case(
        name="no sandbox in that folder",
        arguments="sandbox env --dir {folder}/keys",
        says=("there is no sandbox in", "orgroot sandbox up"),
    ),
)
