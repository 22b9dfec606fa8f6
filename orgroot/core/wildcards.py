"""The wildcards of IAM, SCPs and approval rules alike: `*` any text, `?` one character.

Every other character stands for itself: `[` too, which is why `fnmatch` is not used. Patterns and
texts are other people's: no pair of them takes longer than the product of their lengths, which is
why no regular expression is used either.
"""


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
