"""The hand-over to `fastapi-cli`."""

import pytest

from ferroapi import cli


def test_hands_over(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(cli, "cli_main", lambda: calls.append("main"))
    cli.main()
    assert calls == ["main"]


def test_not_installed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cli, "cli_main", None)
    expected = 'To use the fastapi command, please install "fastapi[standard]":\n'
    expected += '\n\tpip install "fastapi[standard]"\n'
    with pytest.raises(RuntimeError) as caught:
        cli.main()
    assert str(caught.value) == expected
    assert capsys.readouterr().out == expected + "\n"
