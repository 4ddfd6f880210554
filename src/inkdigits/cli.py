"""The `inkdigits` command. Thin: each command is a module of `inkdigits.commands`, imported when it is called.

`inkdigits --help` imports neither NumPy nor OpenCV nor ONNX Runtime: the table below holds what the list needs.
"""

from __future__ import annotations

import errno
import importlib
import sys
from typing import Any

import click

from . import __version__
from .commands.signals import SAID, at_once, interruptible, status
from .errors import Error

COMMANDS = {
    "read": "Read the digits in images: strings, lines, pages.",
    "predict": "Read exactly one digit per image.",
    "explain": "Draw every stage of reading one image.",
    "train": "Train a network from a recipe.",
    "evaluate": "Measure a trained network on a data set.",
    "export": "Write a trained network as ONNX, SavedModel or TFLite.",
    "form": "Read filled-in forms into a table.",
    "review": "Take a checked table out of a store of forms.",
    "adapt": "Learn the hands of a store from its corrections.",
    "serve": "Serve an HTTP service and its page.",
    "site": "Write a static site that reads in the browser.",
    "bench": "Measure accuracy, speed and robustness, beside others.",
    "data": "List, fetch and verify data sets.",
    "doctor": "Find what is wrong with this installation.",
    "completion": "Print what lets Tab complete commands, options and names.",
}

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What no command can help: a full disk, a spent quota, a disk that fails."""


class Interrupted(click.ClickException):
    """What ends the command was not its own doing."""

    def __init__(self, error: KeyboardInterrupt) -> None:
        super().__init__(SAID)
        self.status = status(error)

    def show(self, file: Any = None) -> None:
        """Say so in a line; a terminal has shown ^C where it would begin."""
        click.echo(("\n" if sys.stderr.isatty() else "") + self.message, err=True)


class LazyGroup(click.Group):
    """A click group that imports a command's module only when that command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import `inkdigits.commands.NAME` and return its `command`; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        with at_once():
            command: click.Command = importlib.import_module(f"inkdigits.commands.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command. An interruption is told from others by its exit status, see `signals.status`."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Interrupted(error) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="inkdigits")
def group() -> None:
    """Read handwritten digits from the images people really have, and train the networks that do it."""


def main() -> None:
    """Entry point: exit 0 all done, 1 something failed (said on stderr), 2 wrong usage, 130 interrupted."""
    try:
        with interruptible():
            result = group.main(prog_name="inkdigits", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo(SAID, err=True)
        raise SystemExit(130) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.status if isinstance(error, Interrupted) else error.exit_code) from None
    except Error as error:
        click.echo(f"inkdigits: {error}", err=True)
        raise SystemExit(1) from None
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        click.echo(f"inkdigits: {error.filename or 'what it prints'} cannot be written: {error.strerror}", err=True)
        raise SystemExit(1) from None
    raise SystemExit(result if isinstance(result, int) else 0)
