"""The seeded company: what is there, what is the same again, what is new at each start."""

import json
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from orgroot.errors import UsageError
from orgroot.sandbox.authentication import account_of_key
from orgroot.sandbox.clock import SandboxClock
from orgroot.sandbox.company import SHIELDED, SUSPENDED
from orgroot.sandbox.front import Front
from orgroot.sandbox.furnishing import furnish
from orgroot.sandbox.organization_values import IAM, AccountState, Feature, PolicyType
from orgroot.sandbox.people import write_keys
from orgroot.sandbox.scp_documents import check_control_policy
from orgroot.sandbox.seed import ADMINISTRATOR, build
from orgroot.sandbox.server import SandboxServer
from orgroot.sandbox.world import LockedResource, SeededAccount, World
from tests.sandbox.organization_rows import Refusal, refusal_of

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SIZES = (1, 2, 3, 4, 5, 6, 11, 12, 13, 25, 60, 400)
KINDS = {"password", "access-keys", "certificates", "mfa"}
CREDENTIALS = {"password", "access-keys", "certificates"}
AUDIT = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}


def _world(accounts: int = 25, seed: int = 7, *, features_on: bool = True) -> World:
    return build(accounts=accounts, seed=seed, features_on=features_on, clock=lambda: NOW)


def _dirty(world: World) -> list[SeededAccount]:
    return [account for account in world.accounts[1:] if account.root_credentials]


def _named(world: World, name: str) -> SeededAccount:
    (found,) = (account for account in world.accounts if account.name == name)
    return found


@pytest.mark.parametrize("accounts", SIZES)
def test_makes_as_many_accounts_as_asked(accounts: int) -> None:
    """The number must count the management account; names, ids and e-mails must differ."""
    world = _world(accounts)
    live = world.organization.accounts.values()
    assert len(world.accounts) == len(live) == accounts
    assert world.accounts[0].id == world.organization.management_account
    for values in ({a.name for a in live}, {a.id for a in live}, {a.email for a in live}):
        assert len(values) == accounts
    assert all(len(a.id) == 12 and a.id.isdigit() for a in live)


@pytest.mark.parametrize("seed", range(5))
def test_twenty_five_accounts_have_nine_dirty_ones(seed: int) -> None:
    """Exactly nine readable members must hold root credentials, in every mixture."""
    world = _world(seed=seed)
    dirty = _dirty(world)
    assert len(dirty) == 9
    assert {kind for account in dirty for kind in account.root_credentials} == KINDS
    assert len({account.root_credentials for account in dirty}) >= 7
    assert all(CREDENTIALS & set(account.root_credentials) for account in dirty)
    assert all(account.state is AccountState.ACTIVE for account in dirty)
    invited = [account for account in world.accounts if account.invited]
    assert len(invited) == 3
    assert all(account.root_credentials for account in invited)
    for account in world.accounts:
        role = world.organization.accounts[account.id].access_role
        home = account.id == world.organization.management_account
        assert (role is None) is (account.invited or home)


@pytest.mark.parametrize("accounts", [6, 12, 25, 400])
def test_one_account_is_shielded_and_one_suspended(accounts: int) -> None:
    """The shielded OU must hold one ACTIVE ordinary member; only its SCP denies root."""
    world = _world(accounts)
    shielded = _named(world, SHIELDED)
    organization = world.organization
    assert shielded.state is AccountState.ACTIVE
    assert organization.accounts_in(shielded.ou_id, 0, 9) == (organization.accounts[shielded.id],)
    assert _named(world, SUSPENDED).state is AccountState.SUSPENDED
    assert sum(a.state is AccountState.SUSPENDED for a in world.accounts) == 1
    denying = {
        account.id
        for account in world.accounts
        for level in organization.scps_on_path(account.id)
        for scp in level
        if "aws:PrincipalArn" in scp.content and "AssumedRoot" not in scp.content
    }
    assert denying == {shielded.id}
    for policy in organization.policies.of_type(PolicyType.SCP):
        assert check_control_policy(PolicyType.SCP, policy.content) == ""


def test_the_tree_has_several_levels() -> None:
    """OUs must nest, and each account must name the path it lies on."""
    world = _world()
    organization = world.organization
    assert max(len(organization.path_of(a.id)) for a in world.accounts) == 5
    for account in world.accounts[1:]:
        units = organization.ancestors(account.ou_id)[1:]
        assert "/".join(organization.units[unit].name for unit in units) == account.ou


@pytest.mark.parametrize("accounts", [12, 25, 400])
def test_buckets_and_queues_are_locked_in_two_regions(accounts: int) -> None:
    """From twelve accounts on, three buckets and two queues of usable accounts are locked."""
    world = _world(accounts)
    assert len(world.locked_buckets) == 3
    assert len(world.locked_queues) == 2
    for locked in (world.locked_buckets, world.locked_queues):
        assert len({resource.region for resource in locked}) == 2
        for resource in locked:
            owner = world.organization.accounts[resource.account]
            assert owner.state is AccountState.ACTIVE
            assert owner.access_role
            assert owner.name not in {SHIELDED, SUSPENDED}
    assert sum(bucket.name.endswith("-tfstate") for bucket in world.locked_buckets) == 1
    statements = [json.loads(b.policy)["Statement"] for b in world.locked_buckets]
    assert [len(found) for found in statements] == [1, 3, 1]
    assert statements[2][0]["Action"] == ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]
    assert all(3 <= len(bucket.name) <= 63 for bucket in world.locked_buckets)


def _story(world: World) -> tuple[Any, ...]:
    users = [world.organization.root_user(a.id) for a in world.accounts]
    return (
        world.accounts,
        world.locked_buckets,
        world.locked_queues,
        [(u.password, tuple(u.mfa), tuple(u.certificates)) for u in users],
        [[(k.status, k.last_used, k.last_service) for k in u.keys.values()] for u in users],
        world.organization.root_id,
        tuple(world.organization.units),
    )


def test_the_same_seed_gives_the_same_company() -> None:
    """All but ids of the organization and secrets must be the same again."""
    one, again, other = _world(60), _world(60), _world(60, seed=8)
    assert _story(one) == _story(again)
    assert _story(one) != _story(other)
    assert one.organization.organization_id != again.organization.organization_id


def _secrets(world: World) -> set[str]:
    keys = {
        text
        for account in world.accounts
        for key in world.organization.root_user(account.id).keys.values()
        for text in (key.id, key.secret)
    }
    return keys | {person.private_key for person in world.people}


def test_every_secret_is_new_at_each_start() -> None:
    """No key id, secret or private key may come back, and none may show in a repr."""
    one, again = _secrets(_world()), _secrets(_world())
    assert len(one) > 10
    assert not one & again
    world = _world()
    shown = repr(world.people) + repr(world.organization.root_user(_dirty(world)[3].id))
    assert not any(secret in shown for secret in _secrets(world) if not secret.startswith("AKIA"))


def test_root_credentials_look_like_the_real_ones() -> None:
    """Key ids must encode their account, certificates must parse, serials be of both kinds."""
    world = _world(60)
    serials = []
    for account in world.accounts:
        user = world.organization.root_user(account.id)
        assert 0 <= len(user.keys) <= 2
        assert all(account_of_key(key.id) == account.id for key in user.keys.values())
        for certificate in user.certificates.values():
            x509.load_pem_x509_certificate(certificate.body.encode())
        for key in user.keys.values():
            assert key.last_used is None or user.created_at <= key.last_used < NOW
        serials += [(serial, account.id) for serial in user.mfa]
    virtual = [(s, account) for s, account in serials if s.startswith("arn:")]
    assert 0 < len(virtual) < len(serials)
    assert all(s == f"arn:aws:iam::{account}:mfa/root-account-mfa-device" for s, account in virtual)


def test_one_account_id_begins_with_zero() -> None:
    """From twelve accounts on, one id must begin with a zero, to be kept by whoever reads it."""
    world = _world(12)
    assert [a.name for a in world.accounts if a.id.startswith("0")] == ["network"]


@pytest.mark.parametrize("features_on", [True, False])
def test_features_start_all_on_or_all_off(*, features_on: bool) -> None:
    """Trusted access and both features must be on or off together; no delegate either way."""
    organization = _world(features_on=features_on).organization
    assert organization.features == (set(Feature) if features_on else set())
    assert organization.trusted_services == ({IAM} if features_on else set())
    assert not any(organization.is_delegate(account) for account in organization.accounts)
    assert organization.policies.is_enforced(PolicyType.SCP)


@pytest.mark.parametrize("accounts", [0, -1, 50_001])
def test_an_impossible_number_is_refused(accounts: int) -> None:
    """A number out of range must be a usage error that names the range."""
    with pytest.raises(UsageError) as caught:
        _world(accounts)
    assert "50000" in str(caught.value.hint)


def test_ten_thousand_accounts_stand_as_a_few_do() -> None:
    """Ten thousand accounts must stand, three in eight of them with root credentials."""
    world = _world(10_000)
    assert len(world.organization.accounts) == 10_000
    assert len(_dirty(world)) == 9_999 * 3 // 8


def test_people_have_keys_that_openssh_takes(tmp_path: Path) -> None:
    """Key files must be private, and ssh-keygen must derive the same public keys."""
    world = _world()
    folder = tmp_path / "keys"
    for _ in range(2):
        write_keys(world.people, folder)
    groups = {person.name: person.groups for person in world.people}
    assert groups == {
        "dana": (),
        "alice": ("platform", "oncall"),
        "olga": ("platform", "oncall"),
        "bob": ("security",),
        "carol": ("security",),
    }
    assert [person.name for person in world.people if person.owner] == ["dana"]
    for person in world.people:
        path = folder / person.name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        shown = subprocess.run(
            ["ssh-keygen", "-y", "-f", path], check=True, capture_output=True, text=True
        )
        assert shown.stdout.split()[:2] == person.public_key.split()
        public = path.with_name(f"{person.name}.pub").read_text(encoding="ascii")
        assert public == f"{person.public_key} {person.name}\n"


def test_a_link_in_the_place_of_a_key_is_not_followed(tmp_path: Path) -> None:
    """A link that lies where a key goes must be replaced, its target left alone."""
    precious = tmp_path / "precious"
    precious.write_text("mine", encoding="ascii")
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "alice").symlink_to(precious)
    write_keys(_world().people, folder)
    assert precious.read_text(encoding="ascii") == "mine"
    assert not (folder / "alice").is_symlink()


def test_the_description_tells_all_and_no_secret() -> None:
    """sandbox.json must name accounts, locks and people, and hold no secret."""
    world = _world()
    text = json.dumps(world.description("http://127.0.0.1:1"))
    told = json.loads(text)
    assert told["endpoint"] == "http://127.0.0.1:1"
    assert told["region"] == "eu-west-1"
    assert told["management_account"] == world.organization.management_account
    assert len(told["accounts"]) == 25
    assert told["accounts"][0].keys() >= {"id", "name", "ou", "state", "root_credentials"}
    assert told["locked_buckets"][0].keys() == {"name", "account", "region"}
    assert len(told["locked_queues"]) == 2
    assert told["people"]["bob"]["groups"] == ["security"]
    assert told["people"]["bob"]["key"] == "keys/bob"
    assert not any(secret in text for secret in _secrets(world))


class _Started:
    """A seeded world behind a port."""

    def __init__(self, accounts: int = 12) -> None:
        clock = SandboxClock()
        self.world = build(accounts=accounts, seed=7, features_on=True, clock=clock)
        front = Front(self.world.organization, clock)
        self.users = furnish(self.world, front.data_plane)
        self.server = SandboxServer(front)

    def refused(self, user: str, service: str, operation: str, **params: Any) -> Refusal:
        """What AWS says to a user's call."""
        client = self.server.client(service, self.users[user])
        return refusal_of(getattr(client, operation), **params)

    def administrator_of(self, resource: LockedResource, service: str) -> Any:
        """A client of the administrator of the account that owns a locked resource."""
        key = self.server.administrator(resource.account)
        return self.server.client(service, key, region=resource.region)


def test_people_may_what_their_work_needs() -> None:
    """Platform must govern; the others must read and audit, and open no other root session."""
    started = _Started()
    with started.server:
        bucket = started.world.locked_buckets[0]
        for name in (*(person.name for person in started.world.people), ADMINISTRATOR):
            key = started.users[name]
            identity = started.server.client("sts", key).get_caller_identity()
            manager = started.world.organization.management_account
            assert identity["Arn"] == f"arn:aws:iam::{manager}:user/{name}"
            sts = started.server.client("sts", key)
            sts.assume_root(TargetPrincipal=bucket.account, TaskPolicyArn=AUDIT)
            started.server.client("organizations", key).list_roots()
        unlock = {
            "arn": AUDIT["arn"].replace("IAMAuditRootUserCredentials", "S3UnlockBucketPolicy")
        }
        for name in ("dana", "bob", "carol"):
            params = {"TargetPrincipal": bucket.account, "TaskPolicyArn": unlock}
            assert started.refused(name, "sts", "assume_root", **params).code == "AccessDenied"
            access = started.refused(
                name, "organizations", "enable_aws_service_access", ServicePrincipal=IAM
            )
            assert access.code == "AccessDeniedException"


def test_the_locked_are_locked_for_their_own_administrators() -> None:
    """No administrator may change the policy of a locked bucket, or read a locked queue."""
    started = _Started()
    with started.server:
        for bucket in started.world.locked_buckets:
            s3 = started.administrator_of(bucket, "s3")
            refusal = refusal_of(s3.delete_bucket_policy, Bucket=bucket.name)
            assert (refusal.code, refusal.status) == ("AccessDenied", 403)
        first, state, frozen = started.world.locked_buckets
        for bucket in (first, state):
            s3 = started.administrator_of(bucket, "s3")
            assert refusal_of(s3.list_objects_v2, Bucket=bucket.name).code == "AccessDenied"
        s3 = started.administrator_of(frozen, "s3")
        assert s3.get_bucket_policy(Bucket=frozen.name)["Policy"] == frozen.policy
        for queue in started.world.locked_queues:
            sqs = started.administrator_of(queue, "sqs")
            url = f"{started.server.endpoint}/{queue.account}/{queue.name}"
            refusal = refusal_of(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["Policy"])
            assert "AccessDenied" in refusal.code


def test_an_inventory_meets_what_was_seeded() -> None:
    """Audit sessions must show exactly the seeded credentials; two accounts cannot be read."""
    started = _Started(25)
    unread = []
    with started.server:
        sts = started.server.client("sts", started.users["alice"])
        iam: Any = None
        for account in started.world.accounts[1:]:
            try:
                got = sts.assume_root(TargetPrincipal=account.id, TaskPolicyArn=AUDIT)
                iam = started.server.client("iam", got["Credentials"])
                summary = iam.get_account_summary()["SummaryMap"]
            except sts.exceptions.ClientError:
                unread.append(account.name)
                continue
            flags = {
                "password": summary["AccountPasswordPresent"],
                "access-keys": summary["AccountAccessKeysPresent"],
                "certificates": summary["AccountSigningCertificatesPresent"],
                "mfa": summary["AccountMFAEnabled"],
            }
            shown = tuple(kind for kind, there in flags.items() if there)
            assert shown == account.root_credentials
    assert unread == [SHIELDED, SUSPENDED]


def test_times_are_told_from_the_clock() -> None:
    """Nothing in the seeded world may lie in its future."""
    world = _world(60)
    for account in world.organization.accounts.values():
        assert NOW - timedelta(days=2_001) < account.joined_at < NOW
        user = world.organization.root_user(account.id)
        assert user.password_last_used is None or user.password_last_used < NOW
