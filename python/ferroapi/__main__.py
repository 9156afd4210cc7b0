"""``python -m ferroapi``: ``exec``, ``dropin``, ``explain``, and the commands of the FastAPI command line."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec

from . import __ferroapi_version__
from ._dropin.names import OWN_NAME

_OWN_COMMANDS = f"""\
usage: {OWN_NAME} COMMAND [ARGUMENT ...]

  exec [--check] -- COMMAND  run a command, and its children, with {OWN_NAME} as fastapi
  dropin enable|disable|status  the same for every process of this environment
  explain MODULE:APP         show which routes compiled code serves
"""
_NEEDS_STANDARD = f'pip install "{OWN_NAME}[standard]"'


def main(argv: Sequence[str] | None = None) -> int | None:
    """Run a command.

    ``exec -- COMMAND …`` runs any command with the drop-in, ``dropin enable`` activates it for the whole
    environment, ``explain module:app`` shows what was compiled. Everything else goes to the FastAPI command
    line (``dev``, ``run`` …), for applications of either name. Under the own name ``dev`` and ``run`` serve
    with the package's HTTP protocol class, unless the environment variable ``UVICORN_HTTP`` names another;
    ``python -m fastapi`` leaves the choice to uvicorn.

    Args:
        argv: The arguments after the program's name, by default those of this process.

    Returns:
        The exit status, `None` for success.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["exec"]:
        from ._dropin.command import execute

        return execute(arguments[1:])
    if arguments[:1] == ["dropin"]:
        from ._dropin.activation import main as activation

        return activation(arguments[1:])

    from .dropin import install

    install(children=True)
    if arguments[:1] == ["explain"]:
        from .explain import main as explain

        return explain(arguments[1:])
    if __package__ == OWN_NAME:
        return _serve(arguments)
    from .cli import main as cli

    cli()
    return None


def _serve(arguments: Sequence[str]) -> int | None:
    """The commands of `fastapi-cli`, an extra, under the own name."""
    helps = arguments[:1] in ([], ["-h"], ["--help"])
    if helps:
        print(_OWN_COMMANDS, flush=True)
    if arguments[:1] == ["--version"]:
        helps = True
        print(f"{OWN_NAME} {__ferroapi_version__}", flush=True)
    if find_spec("fastapi_cli") is None or find_spec("uvicorn") is None:
        print(f"The commands `dev` and `run` need more packages: {_NEEDS_STANDARD}", file=sys.stderr)
        return 0 if helps and arguments else 2 if helps else 1
    from ._uvicorn import choose_protocol
    from .cli import main as cli

    choose_protocol()
    cli()
    return None


if __name__ == "__main__":
    sys.exit(main())
