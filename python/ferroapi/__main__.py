"""``python -m ferroapi``: ``exec``, ``explain``, and the commands of the FastAPI command line."""

import sys
from collections.abc import Sequence

from ._dropin.names import OWN_NAME


def main(argv: Sequence[str] | None = None) -> int | None:
    """Run a command.

    ``exec -- COMMAND …`` runs any command with the drop-in, ``explain module:app`` shows what was compiled.
    Everything else goes to the FastAPI command line (``dev``, ``run`` …), for applications of either name.
    Under the own name ``dev`` and ``run`` serve with the package's HTTP protocol class, unless the
    environment variable ``UVICORN_HTTP`` names another; ``python -m fastapi`` leaves the choice to uvicorn.

    Args:
        argv: The arguments after the program's name, by default those of this process.

    Returns:
        The exit status, `None` for success.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["exec"]:
        from ._dropin.command import execute

        return execute(arguments[1:])

    from .dropin import install

    install(children=True)
    if arguments[:1] == ["explain"]:
        from .explain import main as explain

        return explain(arguments[1:])

    if __package__ == OWN_NAME:
        from ._uvicorn import choose_protocol

        choose_protocol()
    from .cli import main as cli

    cli()
    return None


if __name__ == "__main__":
    sys.exit(main())
