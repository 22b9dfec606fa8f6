"""The wildcards of IAM, SCPs and approval rules alike: `*` any text, `?` one character.

Every other character stands for itself: `[` too, which is why `fnmatch` is not used. Patterns and
texts are other people's: no pair of them takes longer than the product of their lengths, which is
why no regular expression is used either.
"""

from collections.abc import Iterator

_OTHER = "\ue000"
"""A character that patterns do not have."""

_MOST_STATES = 10_000
"""How much is tried in comparing two patterns."""


def matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether the whole text fits; IAM compares actions ignoring case, everything else exactly."""
    if ignore_case:
        pattern, text = pattern.lower(), text.lower()
    at = place = 0
    star, resumed = -1, 0
    while at < len(text):
        wild = pattern[place : place + 1]
        if wild == "*":
            star, resumed = place, at
            place += 1
        elif wild and wild in {"?", text[at]}:
            at, place = at + 1, place + 1
        elif star >= 0:  # the last `*` takes one character more; earlier ones need never change
            resumed += 1
            at, place = resumed, star + 1
        else:
            return False
    return not pattern[place:].strip("*")


def leftovers(pattern: str, beginning: str) -> Iterator[str]:
    """What may be left of a pattern once a text that begins so has been matched up to there.

    Nothing is answered where no text that begins so can fit.
    """
    places = set(_past_stars(pattern, {0}))
    for character in beginning:
        after = {
            at + (pattern[at] != "*")
            for at in places
            if pattern[at : at + 1] in {"*", "?", character}
        }
        places = set(_past_stars(pattern, after))
    for at in sorted(places):
        yield pattern[at:]


def includes(wide: str, narrow: str) -> bool:
    """Whether every text that fits the narrow pattern fits the wide one.

    What the narrow one leaves open is tried with each character of the wide one, and with one that
    it does not have. Where that takes too long the answer is no.
    """
    letters = {*wide, *narrow} - {"*", "?"} | {_OTHER}
    start = (0, frozenset(_past_stars(wide, {0})))
    pending, seen = [start], {start}
    while pending:
        at, places = pending.pop()
        if at == len(narrow):
            if len(wide) not in places:
                return False
            continue
        wild = narrow[at] == "*"
        steps = {(at + 1, places)} if wild else set()
        for letter in letters if narrow[at] in {"*", "?"} else {narrow[at]}:
            after = {p + (wide[p] != "*") for p in places if wide[p : p + 1] in {"*", "?", letter}}
            steps.add((at if wild else at + 1, frozenset(_past_stars(wide, after))))
        if len(seen) > _MOST_STATES:
            return False
        pending += steps - seen
        seen |= steps
    return True


def _past_stars(pattern: str, places: set[int]) -> Iterator[int]:
    """The places, and those that are reached when stars take nothing."""
    for place in places:
        stars = len(pattern[place:]) - len(pattern[place:].lstrip("*"))
        yield from range(place, place + stars + 1)
