"""Waves: on which targets an SCP is attached first, and when it may reach the next ones.

The waves of an SCP name each of its targets once, smallest first. Other targets that they name are
canaries: these hold the SCP until the last wave. A text reaches a wave only after the wave before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from orgroot.core.plan import Change, Op
from orgroot.core.scp import DeclaredScp, ObservedScps
from orgroot.core.scp_changes import content_of, known_of, scp_of
from orgroot.core.scp_document import same_scp
from orgroot.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The wave that an SCP reaches by a plan.

    Attributes:
        scp: its name.
        wave: from 1 on.
        targets: what that wave names.
        before: what the wave before it names; nothing for the first.
        lacking: what earlier waves name and AWS does not show.
    """

    scp: str
    wave: int
    targets: tuple[str, ...]
    before: tuple[str, ...]
    lacking: tuple[str, ...]


def up_to(declared: tuple[DeclaredScp, ...], wave: int | None) -> tuple[DeclaredScp, ...]:
    """The declared SCPs with the targets that they have once a wave is reached; None: the last.

    Raises:
        UsageError: no SCP has so many waves.
    """
    most = longest(declared)
    if wave is not None and not 0 < wave <= most:
        words = f"the longest list has {most}" if most else "no SCP has `waves:`"
        raise UsageError(f"there is no wave {wave}: {words}", code="scp-waves")
    return tuple(_reaching(scp, wave) for scp in declared)


def longest(declared: Iterable[DeclaredScp]) -> int:
    """How many waves the SCP has that has the most; 0: none has any."""
    return max((len(scp.waves) for scp in declared if scp.ours), default=0)


def from_wave(
    declared: tuple[DeclaredScp, ...], wave: int, observed: ObservedScps
) -> tuple[DeclaredScp, ...]:
    """The declared SCPs with the targets of a wave, or of a later one that they have reached."""
    return tuple(_reaching(scp, max(wave, _reached(scp, observed))) for scp in declared)


def reaches(
    declared: Iterable[DeclaredScp], changes: Iterable[Change], observed: ObservedScps
) -> tuple[Reach, ...]:
    """How far a plan brings each SCP that has waves and a new text or target.

    Raises:
        UsageError: a text would change on the targets of several waves at once.
    """
    listed = tuple(changes)
    found = (
        _reach(scp, [change for change in listed if scp_of(change) == scp.name], observed)
        for scp in declared
        if scp.ours and scp.waves
    )
    return tuple(reach for reach in found if reach is not None)


def at_wave(declared: Iterable[DeclaredScp], wave: int) -> tuple[Reach, ...]:
    """Each SCP that has waves where it stands once a wave is applied."""
    return tuple(
        Reach(scp=scp.name, wave=n, targets=scp.waves[n - 1], before=(), lacking=())
        for scp in declared
        if scp.ours and scp.waves
        for n in (min(wave, len(scp.waves)),)
    )


def _reaching(scp: DeclaredScp, wave: int | None) -> DeclaredScp:
    if wave is None or wave >= len(scp.waves):
        return scp
    return replace(scp, targets=tuple(target for each in scp.waves[:wave] for target in each))


def _reach(scp: DeclaredScp, changes: list[Change], observed: ObservedScps) -> Reach | None:
    wave_of, there = _wave_of(scp), _holders(scp, observed)
    held = _reached(scp, observed)
    rewritten = any(_rewrites(change) for change in changes)
    if rewritten and held > 1:
        raise UsageError(
            f"SCP {scp.name} is attached beyond its first wave, where another text would be in "
            "force everywhere at once",
            hint="declare the new text as another SCP, with waves of its own, and take this one "
            "out of the configuration after the last; or take its `waves:` out",
            code="scp-waves",
        )
    wave = max((wave_of[c.target] for c in changes if c.op is Op.ATTACH_SCP), default=0)
    wave = wave or (held if rewritten else 0)
    if not wave:
        return None
    earlier = [target for each in scp.waves[: wave - 1] for target in each]
    return Reach(
        scp=scp.name,
        wave=wave,
        targets=scp.waves[wave - 1],
        before=scp.waves[wave - 2] if wave > 1 else (),
        lacking=tuple(target for target in earlier if target not in there),
    )


def _wave_of(scp: DeclaredScp) -> dict[str, int]:
    return {target: n for n, wave in enumerate(scp.waves, 1) for target in wave}


def _holders(scp: DeclaredScp, observed: ObservedScps) -> set[str]:
    """The targets on which AWS shows an SCP."""
    existing = observed.named(scp.name)
    return {t for t, held in observed.attached.items() if existing and existing.id in held}


def _reached(scp: DeclaredScp, observed: ObservedScps) -> int:
    """The latest wave that holds an SCP; 0: none does."""
    wave_of = _wave_of(scp)
    return max((wave_of.get(target, 1) for target in _holders(scp, observed)), default=0)


def _rewrites(change: Change) -> bool:
    if change.op is not Op.UPDATE_SCP:
        return False
    return not same_scp(known_of(change).policy.text, content_of(change).policy.text)
