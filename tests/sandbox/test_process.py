"""The detached server: its papers, its people, and that only the right process is ever stopped."""

import http.server
import json
import os
import stat
import threading
from pathlib import Path

import boto3
import pytest

from orgroot.errors import UsageError
from orgroot.sandbox import process


def start(folder: Path, **more: bool) -> process.SandboxInfo:
    """Start a small sandbox."""
    return process.start_detached(folder, accounts=13, seed=7, **more)


def test_up_and_down(tmp_path: Path) -> None:
    """It answers when start returns, knows its people, and is gone when stop returns."""
    info = start(tmp_path / "box")
    try:
        assert process.is_running(info)
        assert process.read_info(tmp_path / "box") == info
        alice = info.users["alice"]
        sts = boto3.client(
            "sts",
            endpoint_url=info.endpoint,
            region_name=info.region,
            aws_access_key_id=alice.access_key_id,
            aws_secret_access_key=alice.secret_access_key,
        )
        assert sts.get_caller_identity()["Arn"] == alice.arn
        assert len(info.description["accounts"]) == 13
        with pytest.raises(UsageError, match="already"):
            start(tmp_path / "box")
        again = start(tmp_path / "box", force=True)
        assert not process.is_running(info)
        assert process.is_running(again)
        assert again.organization != info.organization
    finally:
        assert process.stop(tmp_path / "box")
    assert not process.is_running(again)
    assert process.read_info(tmp_path / "box") is None
    assert not process.stop(tmp_path / "box")


def test_only_the_user_can_read_secrets(tmp_path: Path) -> None:
    """Credentials and private keys must be closed to others; sandbox.json holds no secret."""
    info = start(tmp_path)
    try:
        for path in (tmp_path / "credentials.json", tmp_path / "keys" / "alice"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        text = (tmp_path / "sandbox.json").read_text()
        assert info.users["alice"].secret_access_key not in text
        assert info.users["alice"].secret_access_key not in repr(info)
    finally:
        process.stop(tmp_path)


def test_a_stale_pid_is_never_signalled(tmp_path: Path) -> None:
    """Where another program answers at the port, its process must be left alone."""

    class Stranger(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Stranger) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        papers = {
            "endpoint": "http://127.0.0.1",
            "region": "eu-west-1",
            "organization": "o-x",
            "management_account": "111111111111",
            "pid": os.getpid(),
            "port": other.server_port,
            "nonce": "abc",
        }
        (tmp_path / "sandbox.json").write_text(json.dumps(papers))
        (tmp_path / "credentials.json").write_text('{"users": {}}')
        assert not process.stop(tmp_path)
        other.shutdown()
        thread.join()
    assert process.read_info(tmp_path) is None


def test_a_sandbox_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The reason must reach the caller, not only the log file."""
    with pytest.raises(UsageError, match="accounts"):
        process.start_detached(tmp_path, accounts=0, seed=1)
    assert process.read_info(tmp_path) is None


def test_moto_account_id_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable would send every call to one account."""
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "123456789012")
    with pytest.raises(UsageError, match="MOTO_ACCOUNT_ID"):
        start(tmp_path)


def test_unreadable_papers_are_a_usage_error(tmp_path: Path) -> None:
    """A damaged folder must be named, not guessed about."""
    (tmp_path / "sandbox.json").write_text("{")
    (tmp_path / "credentials.json").write_text("{}")
    with pytest.raises(UsageError, match="cannot be read"):
        process.read_info(tmp_path)
