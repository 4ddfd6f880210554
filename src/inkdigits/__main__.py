"""The `inkdigits` command, and `python -m inkdigits`."""

from .commands.signals import at_once


def main() -> None:
    """Run the command; Ctrl-C from its first moment on is a line and an exit status."""
    with at_once():
        from .cli import main as run

        run()


if __name__ == "__main__":
    main()
