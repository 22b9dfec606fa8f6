"""The wildcards of IAM, SCPs and approval rules alike: `*` any text, `?` one character.

Every other character stands for itself: `[` too, which is why `fnmatch` is not used. Patterns and
texts are other people's: no pair of them takes longer than the product of their lengths, which is
why no regular expression is used either.
"""

from collections.abc import Iterator


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


def _past_stars(pattern: str, places: set[int]) -> Iterator[int]:
    """The places, and those that are reached when stars take nothing."""
    for place in places:
        stars = len(pattern[place:]) - len(pattern[place:].lstrip("*"))
        yield from range(place, place + stars + 1)
