"""`inkdigits completion SHELL`, and what completes the words of the other commands: each a `shell_complete` of click's parameters.

A shell asks at every press of Tab, in a new process: nothing heavy is imported here, names come from the folders that hold them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

RECIPES = Path(__file__).parents[1] / "training" / "recipes"


@click.command(short_help="Print what lets Tab complete commands, options and names.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that lets Tab complete commands, options and names. It goes, once, where the shell looks for such:

    \b
    bash  inkdigits completion bash > ~/.local/share/bash-completion/completions/inkdigits
    zsh   inkdigits completion zsh > "${fpath[1]}/_inkdigits"
    fish  inkdigits completion fish > ~/.config/fish/completions/inkdigits.fish

    Where the folder is missing make it first; without bash-completion, and to try it: eval "$(inkdigits completion bash)".
    """
    script = get_completion_class(shell)
    assert script is not None  # the choices above are click's own
    root = click.get_current_context().find_root()
    click.echo(script(root.command, {}, "inkdigits", "_INKDIGITS_COMPLETE").source(), nl=False)


def files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Whatever the shell finds on the disk: images, runs, models."""
    return [CompletionItem(incomplete, "file")]


def recipes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """The recipes that come with inkdigits, else files."""
    return _names_or_files((path.stem for path in RECIPES.glob("*.py") if path.stem != "__init__"), incomplete)


def data_sets(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """The data sets that have a name, else files and folders."""
    return _names_or_files(_data_sets(), incomplete)


def published(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """The data sets that have a name."""
    return [CompletionItem(name) for name in _data_sets() if name.startswith(incomplete)]


def _data_sets() -> list[str]:
    from ..training.published import PUBLISHED  # the standard library is all that it needs

    return [*PUBLISHED, "digits"]


def _names_or_files(names: Iterable[str], incomplete: str) -> list[CompletionItem[str]]:
    """Names that go on so; where none does, what the shell finds: it cannot show both at once."""
    fitting = [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]
    return fitting or [CompletionItem(incomplete, "file")]
