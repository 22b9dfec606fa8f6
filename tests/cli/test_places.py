"""Where things lie: never in the working folder, whatever the environment says."""

from pathlib import Path

import pytest

from orgroot.cli import places
from orgroot.errors import UsageError


def test_a_relative_base_directory_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that somebody else made names no owners: XDG's relative paths are ignored."""
    here, home = tmp_path / "here", tmp_path / "home"
    (here / "xdg" / "orgroot").mkdir(parents=True)
    (here / "xdg" / "orgroot" / "config.yaml").write_text("version: 1\n", encoding="ascii")
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("ORGROOT_CONFIG", raising=False)
    monkeypatch.delenv("ORGROOT_STATE_DIR", raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, "xdg")
    assert not places.has_config(None) or places.SYSTEM_CONFIG.is_file()
    with pytest.raises(UsageError, match="no configuration was found"):
        places.find_config(None)
    assert places.state_folder() == home / ".local" / "state" / "orgroot"
    assert places.default_store() == (home / ".local" / "share" / "orgroot" / "log").as_uri()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(here / "xdg"))
    assert places.find_config(None) == here / "xdg" / "orgroot" / "config.yaml"
