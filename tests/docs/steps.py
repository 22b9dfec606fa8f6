"""What a document asks to be run: its console blocks, and the directives of its source.

In a block, `$ ` or `NAME$ ` prompts a command and the lines below it are its output, stdout and
stderr as a terminal shows them; `…` alone stands for any lines, ` …` at a line's end for its rest,
`[exit 10]` for an exit code other than 0. Ids, hashes and times may be any; an id stands for the
same id wherever the document says it again. Folders under `/home` are folders of the test.

In HTML comments, `run: COMMAND` runs without being shown, `append: FILE` appends the block below
it to a file, `lose: SERVICE OPERATION` loses the next reply to that call, and `shells: DIR` opens
bare shells for the people of that sandbox.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.docs.documents import Block, blocks

LANGUAGES = frozenset({"console"})
PROMPT = re.compile(r"^([a-z]*)\$ (.+)$")
DIRECTIVE = re.compile(r"^<!-- (run|shells|append|lose): (.+) -->$")
EXIT = re.compile(r"^\[exit ([0-9]+)\]$")


@dataclass(frozen=True, kw_only=True)
class Step:
    """A command of a document, or a directive of its source.

    Attributes:
        line: the 0-based line of its prompt.
        kind: command, run, shells, append or lose.
        prompt: whose terminal.
        command: what is typed; continued lines joined.
        shown: the lines of output that the document shows.
        end: the 0-based line behind the last of them.
        code: the exit code it shows.
    """

    line: int
    kind: str
    prompt: str
    command: str
    shown: tuple[str, ...] = ()
    begin: int = 0
    end: int = 0
    code: int = 0


def steps(text: str) -> Iterator[Step]:
    """Every command and directive of a document, in order."""
    found = [step for block in blocks(text) if block.language in LANGUAGES for step in _in(block)]
    inside = {
        n for block in blocks(text) for n in range(block.first, block.first + len(block.lines))
    }
    for number, line in enumerate(text.splitlines()):
        directive = DIRECTIVE.match(line)
        if directive and number not in inside:
            below = next((b.lines for b in blocks(text) if b.first > number), ())
            found.append(
                Step(
                    line=number,
                    kind=directive[1],
                    prompt="",
                    command=directive[2],
                    shown=below if directive[1] == "append" else (),
                )
            )
    return iter(sorted(found, key=lambda step: step.line))


def _in(block: Block) -> Iterator[Step]:
    lines, first = block.lines, block.first
    number = 0
    while number < len(lines):
        start = number
        prompt = PROMPT.match(lines[number])
        assert prompt or not lines[number], (
            f"line {first + number + 1} is no command: {lines[number]}"
        )
        number += 1
        if prompt is None:
            continue
        command = prompt[2]
        while command.endswith("\\"):
            command = command[:-1].rstrip() + " " + lines[number].strip()
            number += 1
        begin = number
        while number < len(lines) and not PROMPT.match(lines[number]):
            number += 1
        shown = list(lines[begin:number])
        end = number
        while shown and not shown[-1]:
            shown.pop()
            end -= 1
        code = EXIT.match(shown[-1]) if shown else None
        yield Step(
            line=first + start,
            kind="command",
            prompt=prompt[1],
            command=command,
            shown=tuple(shown[:-1] if code else shown),
            begin=first + begin,
            end=first + end,
            code=int(code[1]) if code else 0,
        )
