"""What a seeded sandbox holds: values to furnish a server and to write ``sandbox.json``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orgroot.core.ids import AccountId
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.organization_values import AccountState
from orgroot.sandbox.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededAccount:
    """An account as it was seeded.

    Attributes:
        id: its id.
        name: its name.
        ou: the names of the OUs above it, joined by ``/``; ``Root`` directly under the root.
        ou_id: the id of the container that holds it.
        state: its state at the start.
        invited: joined by invitation, so without an access role.
        root_credentials: what its root user was seeded with: password, access-keys,
            certificates, mfa.
    """

    id: AccountId
    name: str
    ou: str
    ou_id: str
    state: AccountState
    invited: bool
    root_credentials: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedResource:
    """A bucket or queue whose resource policy locks its own administrators out.

    Attributes:
        name: of the bucket or queue.
        account: its owner.
        region: where it lies.
        policy: the resource policy (JSON).
    """

    name: str
    account: AccountId
    region: str
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxUser:
    """An IAM user of the management account that is there from the start.

    Attributes:
        name: its user name.
        policies: inline policies, name to document (JSON).
    """

    name: str
    policies: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything a sandbox starts with.

    Attributes:
        organization: accounts, tree, SCPs, features and root users, live.
        region: the default Region.
        accounts: every account, the management account first.
        locked_buckets: buckets to make.
        locked_queues: queues to make.
        people: the ready-made people, each also a user of the management account.
        users: the IAM users to make in the management account: people and the administrator.
    """

    organization: Organization
    region: str
    accounts: tuple[SeededAccount, ...]
    locked_buckets: tuple[LockedResource, ...]
    locked_queues: tuple[LockedResource, ...]
    people: tuple[Person, ...]
    users: tuple[SandboxUser, ...]

    def description(self, endpoint: str) -> dict[str, Any]:
        """What ``sandbox.json`` tells a program. Holds no secret and no private key."""
        return {
            "endpoint": endpoint,
            "region": self.region,
            "organization": self.organization.organization_id,
            "root": self.organization.root_id,
            "management_account": self.organization.management_account,
            "accounts": [
                {
                    "id": account.id,
                    "name": account.name,
                    "ou": account.ou,
                    "ou_id": account.ou_id,
                    "state": account.state.value,
                    "invited": account.invited,
                    "root_credentials": list(account.root_credentials),
                }
                for account in self.accounts
            ],
            "locked_buckets": [_place(bucket) for bucket in self.locked_buckets],
            "locked_queues": [_place(queue) for queue in self.locked_queues],
            "people": {
                person.name: {
                    "groups": list(person.groups),
                    "owner": person.owner,
                    "key": f"keys/{person.name}",
                    "public_key": f"keys/{person.name}.pub",
                    "user": person.user_arn,
                }
                for person in self.people
            },
        }


def _place(resource: LockedResource) -> dict[str, str]:
    return {"name": resource.name, "account": resource.account, "region": resource.region}
