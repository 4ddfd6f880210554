"""What the tests of commands share."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from inkdigits.cli import main


@pytest.fixture
def command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., SimpleNamespace]:
    """Calls `inkdigits ...` in this process; returns its exit status as `code`, what it printed as `out`, its standard error as `err`."""

    def call(*arguments: str) -> SimpleNamespace:
        monkeypatch.setattr("sys.argv", ["inkdigits", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return SimpleNamespace(code=end.value.code, out=captured.out, err=captured.err)

    return call
