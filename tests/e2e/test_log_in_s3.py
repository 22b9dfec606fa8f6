"""A log comes to S3: created there, or moved there and back; an unfit bucket is refused."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from orgroot.cli.sandbox import person_environment
from tests.e2e.playground import Playground

REGION = "eu-west-1"


class Bucket:
    """A bucket in the log archive account, as its administrator makes it."""

    def __init__(self, place: Playground, *, lock: bool = True) -> None:
        self.account = place.account("log-archive")
        self.name = f"orgroot-log-{uuid.uuid4().hex[:12]}"
        self.s3 = place.in_account(self.account, "s3")
        where = {"LocationConstraint": REGION}
        self.s3.create_bucket(
            Bucket=self.name, ObjectLockEnabledForBucket=lock, CreateBucketConfiguration=where
        )

    @property
    def url(self) -> str:
        """As a store."""
        return f"s3://{self.name}/v1/"

    def guard(self, text: str, only: str = "") -> None:
        """Set the bucket policy that a refusal showed, as it was shown, or one part of it."""
        document, _ = json.JSONDecoder().raw_decode(text[text.index("{") :])
        if only:
            document["Statement"] = [s for s in document["Statement"] if s["Effect"] == only]
        self.s3.put_bucket_policy(Bucket=self.name, Policy=json.dumps(document))

    def objects(self) -> dict[str, bytes]:
        """What lies in it, by name below the prefix."""
        page = self.s3.list_object_versions(Bucket=self.name, Prefix="v1/")
        return {
            version["Key"].removeprefix("v1/"): self.s3.get_object(
                Bucket=self.name, Key=version["Key"]
            )["Body"].read()
            for version in page.get("Versions", ())
        }


def files(place: Playground, folder: str = "log") -> dict[str, bytes]:
    """What lies in a file store, by name."""
    root = place.folder / folder
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def team(place: Playground, bucket: Bucket, out: Path) -> tuple[str, ...]:
    """`init --team` with the log in a bucket."""
    keys = place.folder / "keys"
    manager = place.info["management_account"]
    return (
        *("init", "--team", "--yes", "--out", str(out), "--owner", f"dana={keys}/dana.pub"),
        *("--requester", f"alice={keys}/alice.pub,arn:aws:iam::{manager}:user/alice"),
        *("--approver", f"bob={keys}/bob.pub", "--approver", f"carol={keys}/carol.pub"),
        *("--key", f"{keys}/dana.pub", "--store", bucket.url, "--store-account", bucket.account),
    )


def refusal(done: Any) -> Any:
    """The error of a command in JSON."""
    assert done.code == 2, done.err
    return done.json


def test_a_team_begins_in_s3(place: Playground, tmp_path: Path) -> None:
    """The bucket policy that is shown is all that is missing; nothing is left of the refusal."""
    bucket, out = Bucket(place), tmp_path / "config.yaml"
    state = {"ORGROOT_STATE_DIR": str(tmp_path / "state")}
    admin = person_environment(place.folder, None) | state
    asked = team(place, bucket, out)
    error = refusal(place.run(None, *asked, "-o", "json", env=admin))
    assert error["code"] == "log-bucket"
    assert "s3:GetBucketVersioning is needed to look at it" in error["message"]
    assert bucket.account in error["hint"]
    assert not out.exists()
    assert bucket.objects() == {}
    bucket.guard(error["hint"])
    done = place.run(None, *asked, "-o", "json", env=admin)
    assert done.code == 0, done.err
    assert sorted(bucket.objects()) == ["000000000001.json", "000000000002.json"]
    own = state | {"ORGROOT_CONFIG": str(out)}
    asked_by = place.run("alice", "inventory", place.account("network"), "-o", "json", env=own)
    assert asked_by.code == 0, asked_by.err
    verified = place.run("carol", "log", "verify", "-o", "json", env=own)
    assert (verified.code, verified.json["records"]) == (0, 4), verified.err


@pytest.mark.parametrize("lock", [True, False])
def test_a_bucket_that_is_not_fit_is_refused_before_anything_is_written(
    place: Playground, *, lock: bool
) -> None:
    """`log init` names what is missing, each on its line, with the policies to set."""
    bucket = Bucket(place, lock=lock)
    command = ("log", "init", "--store", bucket.url, "--store-account", bucket.account, "--yes")
    shown = refusal(place.run("dana", *command, "-o", "json"))["hint"]
    bucket.guard(shown, only="Allow")
    done = place.run("dana", *command)
    assert done.code == 2, done.err
    assert ("Object Lock is off" in done.err) is not lock
    assert ("versioning is off" in done.err) is not lock
    assert "no EachKeyIsWrittenOnce: a key can be written a second time" in done.err
    for said in ('"s3:if-none-match": "true"', "DenyRootTheLogBucketPolicy"):
        assert said in done.err
    assert bucket.objects() == {}


def test_whose_bucket_it_is_must_be_said(place: Playground) -> None:
    """Without the owner, with a wrong one, or without a bucket there is no log: exit 2."""
    bucket = Bucket(place)
    for where, words in (
        ((bucket.url,), "--store-account"),
        ((bucket.url, "--store-account", place.account("network")), "s3:GetBucketPolicy"),
        (("s3://orgroot-log-none/v1/", "--store-account", bucket.account), "there is no bucket"),
        ((bucket.url, "--store-account", bucket.account, "--store-region", "eu-north-1"), REGION),
        (("s3://Corp/",), "is not a bucket"),
    ):
        done = place.refused("dana", 2, "log", "init", "--store", *where, "--yes")
        assert words in done.err, done.err


def moved(place: Playground, *arguments: str, code: int = 0) -> Any:
    """The result of `log move`, or its error."""
    return place.ok("dana", "log", "move", *arguments, "--yes", code=code)


def test_a_log_is_moved_to_s3_and_back(place: Playground) -> None:
    """Byte for byte with its objects; interrupted it goes on; the new places work and verify."""
    place.run("alice", "inventory", "--all")
    bucket = Bucket(place)
    to_bucket = (bucket.url, "--store-account", bucket.account)
    bucket.guard(refusal(place.run("dana", "log", "move", *to_bucket, "-o", "json"))["hint"])
    planned = place.ok("dana", "log", "move", *to_bucket, "--dry-run")
    assert (planned["done"], bucket.objects()) == (False, {})
    struck = {"service": "s3", "operation": "PutObject", "effect": "error", "after": 8}
    # Four writes of nothing find out what the bucket policy refuses.
    place.control("faults", {"rules": [struck | {"status": 403, "code": "AccessDenied"}]})
    moved(place, *to_bucket, code=5)
    place.control("faults", method="DELETE")
    begun = len(bucket.objects())
    assert 0 < begun < len(files(place))
    result = moved(place, *to_bucket)
    assert result["copied"] + begun == len(files(place)) == len(bucket.objects())
    assert result["records"] + result["objects"] == len(files(place))
    assert bucket.objects() == files(place)
    assert moved(place, *to_bucket)["copied"] == 0
    old = f"store: {(place.folder / 'log').as_uri()}"
    config = place.variant("in-s3", (old, "\n  ".join(result["config"])))
    place.ok("bob", "--config", config, "request", "list")
    verified = place.ok("carol", "--config", config, "log", "verify")
    assert verified["receipt"] == result["receipt"]
    back = (place.folder / "back").as_uri()
    result = place.ok("dana", "--config", config, "log", "move", back, "--yes")
    assert files(place, "back") == files(place)
    assert result["config"] == [f"store: {back}"]


def test_nothing_is_overwritten_by_a_move(place: Playground) -> None:
    """A target with anything else in it, or with another record, is refused and left alone."""
    other = place.folder / "other"
    other.mkdir()
    (other / "000000000001.json").write_text("another log\n")
    done = place.refused("dana", 4, "log", "move", other.as_uri(), "--yes")
    assert "not what it is in the log" in done.err
    assert files(place, "other") == {"000000000001.json": b"another log\n"}
    (other / "000000999999.json").write_text("later\n")
    done = place.refused("dana", 2, "log", "move", other.as_uri(), "--yes")
    assert "is no copy of it" in done.err
    assert "000000000002.json" not in files(place, "other")
