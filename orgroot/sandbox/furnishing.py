"""Puts a seeded world's users, buckets and queues behind the front, before it answers anyone."""

from collections.abc import Mapping

from orgroot.sandbox import provision
from orgroot.sandbox.data_plane import DataPlane
from orgroot.sandbox.provision import UserKey
from orgroot.sandbox.world import World


def furnish(world: World, data_plane: DataPlane) -> Mapping[str, UserKey]:
    """Make what the world names; the access keys of its users by user name."""
    for bucket in world.locked_buckets:
        provision.add_bucket(data_plane, bucket.account, bucket.name, bucket.region, bucket.policy)
    for queue in world.locked_queues:
        provision.add_queue(data_plane, queue.account, queue.name, queue.region, queue.policy)
    manager = world.organization.management_account
    return {
        user.name: provision.add_user(data_plane, manager, user.name, user.policies)
        for user in world.users
    }
