"""Three-valued answers: what depends is never rounded."""

from itertools import product

import pytest

from orgroot.core.ternary import NO, YES, Answer, all_of, any_of, depends, known, negation

MAYBE = depends("a")
ALL = (YES, NO, MAYBE)


def settled(answer: Answer, a: bool) -> bool:  # noqa: FBT001 - a truth table
    """An answer once its key is known."""
    return a if answer.value is None else answer.value


@pytest.mark.parametrize(("one", "other"), list(product(ALL, ALL)))
def test_answers_join_as_truth_does(one: Answer, other: Answer) -> None:
    """A joined answer is what the plain ones would be, or depends where those may differ."""
    for a in (True, False):
        both, either = all_of((one, other)), any_of((one, other))
        truth = settled(one, a), settled(other, a)
        assert both.value in {all(truth), None}
        assert either.value in {any(truth), None}
    assert (both.value is None) == (NO not in {one, other} and MAYBE in {one, other})
    assert (either.value is None) == (YES not in {one, other} and MAYBE in {one, other})


def test_nothing_to_join() -> None:
    """All of nothing holds, any of nothing does not."""
    assert all_of(()) == YES
    assert any_of(()) == NO


def test_a_negation_turns_what_is_known() -> None:
    """The opposite of yes is no; what depends goes on depending on the same."""
    assert [negation(answer) for answer in ALL] == [NO, YES, MAYBE]
    assert [known(value=value) for value in (True, False)] == [YES, NO]


def test_everything_that_would_settle_it_is_named() -> None:
    """A joined answer depends on all keys of its parts."""
    assert all_of((depends("a"), YES, depends("b", "c"))).on == {"a", "b", "c"}
