"""Requests that the rules, the approvers or the state of a bucket refuse: each its own end."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.bucket_owner import ELSEWHERE, denial, document, innocent, make_bucket, policy
from tests.e2e.playground import Playground, playground

REASON = ("--reason", "a drill")


@pytest.fixture(scope="module")
def own_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """A sandbox whose clock a test may move on."""
    with playground(tmp_path_factory.mktemp("time") / "s", "--accounts", "5") as found:
        yield found


def ask(place: Playground) -> str:
    """A waiting request, for a bucket that nobody has looked at."""
    asked = (
        "unlock-bucket",
        f"drill-{uuid.uuid4().hex[:12]}",
        "--account",
        place.account("network"),
    )
    return place.pending("alice", *asked, "--mode", "delete", *REASON)


class Bucket:
    """A new bucket in an account of its own owner."""

    def __init__(self, place: Playground, region: str = "eu-west-1") -> None:
        self.place = place
        self.account = place.account("shared-services")
        self.name = f"drill-{uuid.uuid4().hex[:12]}"
        self.s3 = place.in_account(self.account, "s3", region_name=region)
        make_bucket(self.s3, self.name)

    def lock(self) -> "Bucket":
        """Deny everyone everything, beside an innocent statement."""
        self.put(innocent(self.account, self.name), denial(self.name))
        return self

    def put(self, *statements: dict[str, Any]) -> None:
        """Put a policy of these statements."""
        self.s3.put_bucket_policy(Bucket=self.name, Policy=document(*statements))

    def inspect(self) -> Any:
        """Inspect it."""
        return self.place.ok("alice", "inspect", "bucket", self.name, "--account", self.account)

    def unlock(self, mode: str, *more: str) -> tuple[str, ...]:
        """The command line that asks for it."""
        asked = ("unlock-bucket", self.name, "--account", self.account, "--mode", mode)
        return (*asked, *REASON, *more)

    def pending(self, mode: str, *more: str) -> str:
        """Ask for it, once inspected."""
        self.inspect()
        return self.place.pending("alice", *self.unlock(mode, *more))


def explained(done: Any, *texts: str) -> None:
    """Stderr says it all."""
    for text in texts:
        assert text in done.err


def test_the_requesters_own_approval_is_refused(place: Playground) -> None:
    """Who asks never approves, and nothing is written down."""
    request = ask(place)
    done = place.refused("alice", 3, "approve", request, "--yes")
    explained(done, "alice cannot decide", "the requester never counts")
    assert place.ok("alice", "request", "show", request)["state"] == "PENDING"


@pytest.mark.parametrize("name", ["mallory", "dana"])
def test_a_stranger_approves_nothing(place: Playground, name: str) -> None:
    """A name outside the roster, an owner of the trust among them, can neither approve nor deny."""
    request = ask(place)
    for verb in ("approve", "deny"):
        done = place.refused("bob", 3, verb, request, "--as", name, "--yes")
        explained(done, f"{name} cannot decide", "roster")
    assert place.ok("alice", "request", "show", request)["approvals"] == []


def test_somebody_elses_key_signs_no_approval(place: Playground) -> None:
    """Naming carol while only bob's key is at hand writes nothing."""
    request = ask(place)
    done = place.refused("bob", 2, "approve", request, "--as", "carol", "--yes")
    explained(done, "is not a key of carol")


def test_an_approval_wants_its_confirmation(place: Playground) -> None:
    """Without a terminal nobody approves, denies or executes unless `--yes` says so."""
    request = ask(place)
    for verb in ("approve", "deny"):
        explained(place.refused("bob", 2, verb, request), "--yes")


def test_what_waits_is_not_asked_about(place: Playground) -> None:
    """Without a terminal an execution before the quorum is exit 10, with or without --dry-run."""
    request = ask(place)
    for more in ((), ("--dry-run",)):
        done = place.refused("alice", 10, "execute", request, *more)
        assert f"orgroot approve {request} --as bob" in done.out
        assert "To paste into a chat:" in done.out
    place.approve(request, "bob", "olga")
    explained(place.refused("alice", 2, "execute", request), "--yes", "organization: ")
    dry = place.refused("alice", 0, "execute", request, "--dry-run", "-o", "json").json
    assert dry["schema"] == "orgroot.dry-run/v1"
    assert dry["notes"] == ["granted: it would be done now, in 1 account(s)"]


def test_execution_before_the_quorum_waits(place: Playground) -> None:
    """One of two approvals is not enough: exit 10, no root session, who is missing is said."""
    request = ask(place)
    place.approve(request, "bob")
    done = place.refused("alice", 10, "execute", request, "--yes", "-o", "json")
    assert done.json["state"] == "PENDING"
    assert done.json["missing"] == [{"group": "platform", "count": 1}]


def test_two_people_of_one_group_fill_one_slot(place: Playground) -> None:
    """Bob and carol are both of security: platform's approval is still missing."""
    request = ask(place)
    place.approve(request, "bob", "carol")
    done = place.refused("alice", 10, "execute", request, "--yes", "-o", "json")
    assert done.json["missing"] == [{"group": "platform", "count": 1}]


def test_a_denied_request_is_over(place: Playground) -> None:
    """One denial is final: no execution, no further approval."""
    request = ask(place)
    place.approve(request, "olga")
    assert place.ok("bob", "deny", request, "--comment", "no", "--yes")["state"] == "DENIED"
    explained(place.refused("alice", 3, "execute", request, "--yes"), "bob")
    explained(place.refused("carol", 3, "approve", request, "--yes"), "DENIED")


def test_only_an_executor_executes(place: Playground) -> None:
    """Bob, of no executing group, does not carry out what he approved himself."""
    request = ask(place)
    place.approve(request, "bob", "olga")
    explained(place.refused("bob", 3, "execute", request, "--yes"), "bob")


def test_an_approver_does_not_execute(place: Playground) -> None:
    """Olga may execute, but then her own approval does not count."""
    request = ask(place)
    place.approve(request, "bob", "olga")
    done = place.run("olga", "execute", request, "--yes")
    assert done.code in {3, 10}
    assert place.ok("alice", "request", "show", request)["state"] == "APPROVED"


def test_a_request_is_executed_once(place: Playground) -> None:
    """The second execution is refused for good and opens no session."""
    bucket = Bucket(place).lock()
    request = bucket.pending("delete")
    place.approve(request, "bob", "olga")
    assert place.ok("alice", "execute", request, "--yes")["items"][0]["outcome"] == "unlocked"
    bucket.lock()
    for person in ("alice", "olga"):
        explained(place.refused(person, 3, "execute", request, "--yes"), "executed")
    assert bucket.inspect()["locked"] is True


def test_an_expired_request_is_refused(own_time: Playground) -> None:
    """Time is AWS's: once the request is older than the rules allow, nobody executes it."""
    bucket = own_time.locked_bucket("")
    asked = ("unlock-bucket", bucket["name"], "--account", bucket["account"], "--mode", "delete")
    request = own_time.pending("alice", *asked, *REASON)
    own_time.approve(request, "bob", "olga")
    own_time.control("clock", {"advance_seconds": 4 * 3600 + 1})
    explained(own_time.refused("alice", 3, "execute", request, "--yes"), "expired")


def test_an_unlocked_bucket_needs_nothing(place: Playground) -> None:
    """A bucket that locks nobody out is exit 0: no request, no change, its policy as it was."""
    bucket = Bucket(place)
    bucket.put(innocent(bucket.account, bucket.name))
    before = policy(bucket.s3, bucket.name)
    assert bucket.inspect()["locked"] is False
    for mode in ("drop-statements", "delete"):
        done = place.refused("alice", 0, *bucket.unlock(mode, "--yes", "-o", "json"))
        assert [item["outcome"] for item in done.json["items"]] == ["not-locked"]
        assert done.json["request"] is None
    assert policy(bucket.s3, bucket.name) == before


def test_a_bucket_without_a_policy_needs_nothing(place: Playground) -> None:
    """No policy, no lock: exit 0."""
    bucket = Bucket(place)
    assert bucket.inspect()["policy"] is None
    done = place.refused("alice", 0, *bucket.unlock("delete", "--yes", "-o", "json"))
    assert done.json["items"][0]["reason"] == "it has no policy"


def test_an_unknown_statement_is_named(place: Playground) -> None:
    """`--sid` of a statement that the policy does not have is exit 2 and lists those it has."""
    bucket = Bucket(place).lock()
    bucket.inspect()
    done = place.refused("alice", 2, *bucket.unlock("drop-statements", "--sid", "Ooops", "--yes"))
    explained(done, "no such statement", "--sid 'AccountReads'", "--sid 'Oops'")


def test_dropping_the_wrong_statement_is_refused(place: Playground) -> None:
    """A request that would leave the bucket locked is exit 2 and names what locks it."""
    bucket = Bucket(place).lock()
    bucket.inspect()
    wrong = bucket.unlock("drop-statements", "--sid", "AccountReads", "--yes")
    explained(place.refused("alice", 2, *wrong), "would stay locked, by Oops", "--sid 'Oops'")


def test_a_bucket_of_another_account_is_said_to_be(place: Playground) -> None:
    """The wrong account is exit 2, names the remedy and changes nothing."""
    bucket = Bucket(place).lock()
    done = place.run("alice", *("inspect", "bucket", bucket.name), "--account", _other(bucket))
    assert done.code == 2
    explained(done, f"does not own the bucket {bucket.name}", "--account")


def test_a_bucket_that_does_not_exist_is_said_not_to(place: Playground) -> None:
    """No such bucket is exit 2, and says whose buckets were looked at."""
    account = place.account("network")
    done = place.run("alice", "inspect", "bucket", "no-such-bucket-here", "--account", account)
    assert done.code == 2
    explained(done, "there is no bucket no-such-bucket-here", "look at its spelling")


def test_a_bucket_of_another_region_is_found(place: Playground) -> None:
    """An inspection names the true Region, and a request for another is exit 2."""
    bucket = Bucket(place, region=ELSEWHERE).lock()
    assert bucket.inspect()["region"] == ELSEWHERE
    wrong = bucket.unlock("drop-statements", "--bucket-region", "eu-west-1", "--yes")
    done = place.refused("alice", 2, *wrong)
    explained(done, f"is in {ELSEWHERE}, not in eu-west-1", f"--bucket-region {ELSEWHERE}")


@pytest.mark.parametrize("wrong", ["account", "region", "bucket"])
def test_an_unseen_unlock_of_the_wrong_bucket_changes_nothing(
    place: Playground, wrong: str
) -> None:
    """What was approved unseen and is not there is refused at execution, with its reason."""
    bucket = Bucket(place, region=ELSEWHERE if wrong == "region" else "eu-west-1").lock()
    name = "no-such-bucket-here" if wrong == "bucket" else bucket.name
    account = _other(bucket) if wrong == "account" else bucket.account
    asked = ("unlock-bucket", name, "--account", account, "--mode", "delete", *REASON)
    request = place.pending("alice", *asked, "--ticket", wrong)
    place.approve(request, "carol", "olga")
    before = place.changing_calls()
    result = place.ok("alice", "execute", request, "--yes", code=3)
    assert [item["outcome"] for item in result["items"]] == ["refused"]
    reasons = {
        "account": f"does not own the bucket {bucket.name}",
        "region": f"is in {ELSEWHERE}, and eu-west-1 was approved",
        "bucket": "there is no bucket",
    }
    assert reasons[wrong] in result["items"][0]["reason"]
    after = place.changing_calls()
    assert {name for name in after if after[name] != before.get(name, 0)} == {"sts:AssumeRoot"}


def test_a_policy_that_changed_since_the_request_is_left_alone(place: Playground) -> None:
    """Another policy than the approved one is refused (3), and stays exactly as it is."""
    bucket = Bucket(place)
    reads, lock = innocent(bucket.account, bucket.name), denial(bucket.name)
    administrator = f"arn:aws:iam::{bucket.account}:role/OrganizationAccountAccessRole"
    lock["Condition"] = {"StringNotEquals": {"aws:PrincipalArn": administrator}}
    bucket.put(reads, lock)
    request = bucket.pending("drop-statements", "--sid", "Oops")
    newer = denial(bucket.name, sid="Newer")
    bucket.put(reads, newer, lock)
    place.approve(request, "bob", "olga")
    before = place.changing_calls()
    result = place.ok("alice", "execute", request, "--yes", code=3)
    assert result["items"][0]["outcome"] == "refused"
    assert "the policy changed since the request" in result["items"][0]["reason"]
    after = place.changing_calls()
    assert {name for name in after if after[name] != before.get(name, 0)} == {"sts:AssumeRoot"}
    by = [row["sid"] for row in bucket.inspect()["statements"]]
    assert by == ["AccountReads", "Newer", "Oops"]


def _other(bucket: Bucket) -> str:
    network = bucket.place.account("network")
    assert network != bucket.account
    return network


def test_an_account_id_is_taken_as_it_is_shown(place: Playground) -> None:
    """`1111-2222-3333`, copied from what orgroot prints, is the account; other groups are not."""
    account = place.account("network")
    shown = f"{account[:4]}-{account[4:8]}-{account[8:]}"
    done = place.run("alice", "inventory", shown, "-o", "json")
    assert [row["id"] for row in done.json["accounts"]] == [account]
    explained(place.refused("alice", 2, "inventory", f"{account[:6]}-{account[6:]}"), "12 digits")
