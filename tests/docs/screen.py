"""Whether a screen shows what a document shows, and what the document should show instead."""

import re

from tests.docs.steps import EXIT

REST = "…"
WIDTH = 120
REQUEST = r"\bo(?:rq|pr)_[a-z2-7]{26}\b"
ANY = re.compile(
    r"(?P<same>\bo(?:rq|ex|pr)_[a-z2-7]{26}\b|\bo-[a-z0-9]{10}\b)"
    r"|(?P<receipt>orgroot1 [0-9a-f]{16} [0-9]+ [0-9a-f]{64})"
    r"|(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z?)"
    r"|(?P<date>\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b)"
    r"|(?P<fingerprint>SHA256:[A-Za-z0-9+/]{43})"
    r"|(?P<public>AAAAC3NzaC1lZDI1NTE5[A-Za-z0-9+/]{48})"
    r"|(?P<hash>\b[0-9a-f]{64}\b|\b[0-9a-f]{12}…|\b[0-9a-f]{16}\b)"
    r"|(?P<key>\bA[KS]IA[A-Z0-9]{16}\b)"
    r"|(?P<port>127\.0\.0\.1:[0-9]+)"
    r"|(?P<typed>\(type [^)]+\): \S+)"
    r"|(?P<record>#[0-9]+\b|\b[0-9]+ records\b|\b(?:head|record|serial) [0-9]+\b)"
    r"|(?P<version>\borgroot [0-9]+\.[0-9]+\S*)"
    r"|(?P<spaces> {2,})"
)
CLASSES = {
    "same": r"o(?:rq_[a-z2-7]{26}|ex_[a-z2-7]{26}|pr_[a-z2-7]{26}|-[a-z0-9]{10})",
    "receipt": r"orgroot1 [0-9a-f]{16} [0-9]+ [0-9a-f]{64}",
    "time": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z?",
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "fingerprint": r"SHA256:[A-Za-z0-9+/]{43}",
    "public": r"AAAAC3NzaC1lZDI1NTE5[A-Za-z0-9+/]{48}",
    "hash": r"[0-9a-f]{12,64}…?",
    "key": r"A[KS]IA[A-Z0-9]{16}",
    "port": r"127\.0\.0\.1:[0-9]+",
    "typed": r"\(type [^)]+\): \S+",
    "record": r"(?:#|head |record |serial )?[0-9]+(?: records)?",
    "version": r"orgroot [0-9]+\.[0-9]+\S*",
    "spaces": r" {2,}",
}


def matches(shown: tuple[str, ...], actual: list[str], known: dict[str, str]) -> bool:
    """Whether the output is as shown; ids seen for the first time are learnt."""
    learnt = dict(known)
    segments: list[list[str]] = [[]]
    for line in shown:
        if line == REST:
            segments.append([])
        elif not EXIT.match(line):
            segments[-1].append(line)
    at = 0
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if last and number > 0:
            starts = [len(actual) - len(segment)]
        else:
            starts = [0] if number == 0 else list(range(at, len(actual) - len(segment) + 1))
        for start in starts:
            found = _segment(segment, actual[start : start + len(segment)], learnt)
            if start >= at and found is not None:
                at, learnt = start + len(segment), found
                break
        else:
            return False
    if at != len(actual):
        return False
    known.update(learnt)
    return True


def _segment(shown: list[str], actual: list[str], learnt: dict[str, str]) -> dict[str, str] | None:
    if len(shown) != len(actual):
        return None
    learnt = dict(learnt)
    for expected, line in zip(shown, actual, strict=True):
        pattern, names = _pattern(expected, learnt)
        match = re.fullmatch(pattern, line.rstrip())
        if match is None:
            return None
        for name, real in zip(names, match.groups(), strict=True):
            if learnt.setdefault(name, real) != real:
                return None
    return learnt


def _pattern(shown: str, learnt: dict[str, str]) -> tuple[str, list[str]]:
    cut = shown.endswith(f" {REST}")
    text = shown[:-2] if cut else shown.rstrip()
    parts: list[str] = []
    names: list[str] = []
    at = 0
    for found in ANY.finditer(text):
        parts.append(re.escape(text[at : found.start()]))
        kind = str(found.lastgroup)
        if kind == "same" and found[0] in learnt:
            parts.append(re.escape(learnt[found[0]]))
        elif kind == "same":
            parts.append(f"({CLASSES[kind]})")
            names.append(found[0])
        else:
            parts.append(f"(?:{CLASSES[kind]})")
        at = found.end()
    parts.append(re.escape(text[at:]))
    return "".join(parts) + (".*" if cut else ""), names


def rewritten(shown: tuple[str, ...], actual: list[str], code: int) -> list[str]:
    """What a document should show: as much at head and tail as it did around its first `…`."""
    lines = [_narrow(line.rstrip()) for line in actual]
    if REST in shown:
        head = shown.index(REST)
        tail = len(shown) - head - 1 - shown[head + 1 :].count(REST)
        if head + tail < len(lines):
            lines = [*lines[:head], REST, *lines[len(lines) - tail :]]
    return [*lines, *([f"[exit {code}]"] if code else [])]


def _narrow(line: str) -> str:
    if len(line) <= WIDTH:
        return line
    return line[: WIDTH - 2].rsplit(" ", 1)[0].rstrip() + f" {REST}"
