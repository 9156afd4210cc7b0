"""The `fastapi` command, which the separate `fastapi-cli` package provides."""

from collections.abc import Callable

cli_main: Callable[[], None] | None
try:
    from fastapi_cli.cli import main as cli_main
except ImportError:
    cli_main = None


def main() -> None:
    """Run the command line of `fastapi-cli`.

    Raises:
        RuntimeError: `fastapi-cli` is not installed.
    """
    if cli_main is None:
        message = (
            'To use the fastapi command, please install "fastapi[standard]":\n\n'
            '\tpip install "fastapi[standard]"\n'
        )
        print(message)
        raise RuntimeError(message)
    cli_main()
