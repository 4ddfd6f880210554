"""How a kind of attack says that it cannot be tried here."""


class Skipped(Exception):
    """The message is the reason."""
