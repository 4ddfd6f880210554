"""The `inkdigits` command, and `python -m inkdigits`."""

import _signal as signal  # type: ignore[import-not-found]  # what the module `signal` wraps: nothing has to be loaded for it


def main() -> None:
    """Run the command. Ctrl-C from the first moment on ends it without a traceback: what it imports comes after that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from .commands.signals import at_once

    with at_once():
        from .cli import main as run

        run()


if __name__ == "__main__":
    main()
