"""Where things lie on this machine: configuration, state, log. Never the working folder."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from orgroot.errors import UsageError

SYSTEM_CONFIG = Path("/etc/orgroot/config.yaml")


def home() -> Path:
    """The user's home folder."""
    return Path(os.environ.get("HOME") or "~").expanduser()


def _base(variable: str, below_home: str) -> Path:
    """A base directory; one that is relative is ignored, as the XDG specification demands."""
    named = Path(os.environ.get(variable) or "")
    return (named if named.is_absolute() else home() / below_home) / "orgroot"


def user_config() -> Path:
    """The user's own configuration (XDG base directories)."""
    return _base("XDG_CONFIG_HOME", ".config") / "config.yaml"


def has_config(given: Path | None) -> bool:
    """Whether a configuration is named, or lies in one of the usual places."""
    named = given is not None or bool(os.environ.get("ORGROOT_CONFIG"))
    return named or user_config().is_file() or SYSTEM_CONFIG.is_file()


def find_config(given: Path | None) -> Path:
    """`--config`, else ORGROOT_CONFIG, else the user's, else the system's.

    Raises:
        UsageError: none of them is there; the message names each place.
    """
    if given is not None:
        return _present(given, "--config")
    named = os.environ.get("ORGROOT_CONFIG")
    if named:
        return _present(Path(named), "ORGROOT_CONFIG")
    places = (user_config(), SYSTEM_CONFIG)
    for place in places:
        if place.is_file():
            return place
    raise UsageError(
        "no configuration was found: looked at --config, ORGROOT_CONFIG, "
        + " and ".join(str(place) for place in places),
        hint="run `orgroot init`, or `orgroot sandbox up` to try it out",
        code="no-config",
    )


def _present(path: Path, source: str) -> Path:
    if not path.is_file():
        raise UsageError(
            f"{path} (from {source}) is not a file",
            hint="run `orgroot init --out FILE`, or name the right file",
            code="no-config",
        )
    return path


def state_folder() -> Path:
    """What this machine remembers: ORGROOT_STATE_DIR, else the user's state folder (XDG)."""
    named = os.environ.get("ORGROOT_STATE_DIR")
    if named:
        return Path(named)
    return _base("XDG_STATE_HOME", ".local/state")


def default_store() -> str:
    """Where `init` puts a log unless told otherwise."""
    return (_base("XDG_DATA_HOME", ".local/share") / "log").as_uri()


def store_folder(store: str) -> Path:
    """The folder of a `file://` store.

    Raises:
        UsageError: another scheme, a host, or a path that is not absolute.
    """
    parts = urlsplit(store)
    path = Path(unquote(parts.path))
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or not path.is_absolute():
        raise UsageError(
            f"{store!r} is not a file store", hint="write file:///absolute/folder", code="store"
        )
    return path
