"""The `inkdigits` command. Thin: each command is a module of `inkdigits.commands`, imported when it is called.

`inkdigits --help` imports neither NumPy nor OpenCV nor ONNX Runtime: the table below holds what the list needs.
"""

from __future__ import annotations

import importlib

import click

from . import __version__
from .errors import Error

COMMANDS = {
    "read": "Read the digits in images: strings, lines, pages.",
    "predict": "Read exactly one digit per image.",
    "explain": "Draw every stage of reading one image.",
    "train": "Train a network from a recipe.",
    "evaluate": "Measure a trained network on a data set.",
    "export": "Write a trained network as ONNX, SavedModel or TFLite.",
    "serve": "Serve an HTTP service and its page.",
    "bench": "Measure accuracy, speed and robustness, beside others.",
    "data": "List, fetch and verify data sets.",
    "doctor": "Find what is wrong with this installation.",
    "completion": "Print what lets Tab complete commands, options and names.",
}


class LazyGroup(click.Group):
    """A click group that imports a command's module only when that command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import `inkdigits.commands.NAME` and return its `command`; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"inkdigits.commands.{cmd_name}").command
        return command

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
        result = group.main(prog_name="inkdigits", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        raise SystemExit(130) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except Error as error:
        click.echo(f"inkdigits: {error}", err=True)
        raise SystemExit(1) from None
    raise SystemExit(result if isinstance(result, int) else 0)
