"""A log that several owners create: nobody alone, nothing twice, nothing slipped in."""

import msgspec
import pytest
from fakes.owners import Owners, begun, config_of
from fakes.signer import FakeSigner

from orgroot.core.codec import record_key
from orgroot.core.config import Config
from orgroot.core.results import ExitReason
from orgroot.errors import OrgrootError, UsageError
from orgroot.workflows.log_listing import show
from orgroot.workflows.log_show import verify


def records(owners: Owners) -> int:
    """How many records lie in the store."""
    return sum("/" not in key for key in owners.store.objects)


def test_the_last_of_the_threshold_creates_it() -> None:
    """Dana alone leaves signatures; with erik's there is a genesis and rules in force."""
    owners = Owners()
    first = owners.begin("dana")
    assert first.exit_reasons == (ExitReason.WAITING,)
    assert (first.signed, first.lacking, first.receipt) == (("dana",), 1, None)
    assert records(owners) == 0
    assert owners.memory("dana").pins == {}
    done = owners.begin("erik")
    assert done.exit_reasons == ()
    assert (done.signed, done.lacking, done.rules_serial) == (("dana", "erik"), 0, 1)
    assert verify(owners.log()).findings == ()
    assert [row.signers for row in show(owners.log(), last=9).records] == [("dana", "erik")] * 2
    assert owners.memory("erik").pins


def test_signing_again_is_no_second_owner() -> None:
    """Dana twice is one."""
    owners = Owners()
    owners.begin("dana")
    again = owners.begin("dana")
    assert (again.signed, again.lacking) == (("dana",), 1)
    assert len(owners.store.objects) == 4


@pytest.mark.parametrize(
    "other",
    [config_of(total=1), config_of("dana", "erik", "mallory"), config_of(threshold=3)],
)
def test_an_owner_signs_only_their_own_configuration(other: Config) -> None:
    """What dana proposed with another trust or other rules is not what erik signs."""
    owners = Owners()
    owners.begin("dana", other)
    assert owners.begin("erik").lacking == 1
    assert records(owners) == 0
    assert owners.begin("frank").lacking == 0
    assert verify(owners.log()).findings == ()


def test_an_owner_signs_for_their_own_world() -> None:
    """A genesis of the sandbox is not one of AWS."""
    owners = Owners()
    owners.begin("dana", endpoint="sandbox")
    assert owners.begin("erik", endpoint="aws").lacking == 1


def test_a_death_between_the_two_records_is_repaired() -> None:
    """The genesis is written, the rules are not: any owner's `log init` writes them."""
    owners = begun()
    del owners.store.objects[record_key(2)]
    owners.memories.clear()
    done = owners.begin("frank")
    assert (done.rules_serial, done.lacking) == (1, 0)
    assert verify(owners.log()).findings == ()


@pytest.mark.parametrize("key", ["notes.txt", record_key(1), "objects/" + "a" * 64])
def test_a_store_that_is_not_empty_is_never_touched(key: str) -> None:
    """Anything but proposals stops it, and nothing is written."""
    owners = Owners()
    owners.store.objects[key] = b"mine"
    with pytest.raises(OrgrootError):
        owners.begin("dana")
    assert owners.store.objects == {key: b"mine"}


def test_a_log_is_created_once() -> None:
    """When it stands, `log init` is refused."""
    owners = begun()
    before = dict(owners.store.objects)
    with pytest.raises(UsageError) as caught:
        owners.begin("frank")
    assert caught.value.code == "store-not-empty"
    assert owners.store.objects == before


def test_only_an_owner_begins() -> None:
    """Bob, and a stranger's key in dana's name, sign nothing."""
    owners = Owners()
    for person, key in (("bob", "bob"), ("dana", "bob")):
        with pytest.raises(UsageError) as caught:
            owners.begin(person, key=key)
        assert caught.value.code == "not-owner"
    assert owners.store.objects == {}


def test_litter_does_not_stop_it() -> None:
    """What somebody else wrote among the proposals is passed over, and named by `log verify`."""
    owners = Owners()
    owners.store.objects["proposals/opr_" + "a" * 26 + ".json"] = b"{}"
    owners.begin("dana")
    assert owners.begin("erik").lacking == 0
    assert [finding.code for finding in verify(owners.log()).findings] == ["STRAY_OBJECT"]


def test_a_comment_in_one_configuration_makes_no_other_trust() -> None:
    """Erik's copy of the key has a comment: it is the same trust."""
    owners = Owners()
    owners.begin("dana")
    trust = owners.config.trust
    assert trust is not None
    keys = tuple(
        msgspec.structs.replace(o, key=FakeSigner(o.person).public_key + " laptop")
        for o in trust.owners.keys
    )
    commented = msgspec.structs.replace(
        trust, owners=msgspec.structs.replace(trust.owners, keys=keys)
    )
    done = owners.begin("erik", msgspec.structs.replace(owners.config, trust=commented))
    assert done.lacking == 0
