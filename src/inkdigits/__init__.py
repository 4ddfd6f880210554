"""inkdigits: reads handwritten digits from the images people really have.

    >>> from inkdigits import Reader
    >>> Reader().read("note.jpg").text        # doctest: +SKIP
    '314'

The names below are the whole public surface. They load on first use: `import inkdigits` imports nothing, not even `__future__`: what the
command does about Ctrl-C begins after this file.
"""

TYPE_CHECKING = False
"""True to type checkers, by this very name; `typing` itself takes longer to import than the rest of what is here."""
__version__ = "0.2.0"

_HOME = {
    "Reader": "reader",
    "read": "reader",
    "Reading": "reading",
    "Line": "lines",
    "Digit": "lines",
    "Error": "errors",
    "InputError": "errors",
    "DataError": "errors",
    "ModelError": "errors",
    "RecipeError": "errors",
    "ExportError": "errors",
    "OutputError": "errors",
    "MissingExtra": "errors",
    "DigitClassifier": "training.estimator",
}

# Without DigitClassifier, which needs inkdigits[train]: `from inkdigits import *` must not.
__all__ = [
    "DataError",
    "Digit",
    "Error",
    "ExportError",
    "InputError",
    "Line",
    "MissingExtra",
    "ModelError",
    "OutputError",
    "Reader",
    "Reading",
    "RecipeError",
    "read",
]

if TYPE_CHECKING:
    from .errors import DataError, Error, ExportError, InputError, MissingExtra, ModelError, OutputError, RecipeError
    from .lines import Digit, Line
    from .reader import Reader, read
    from .reading import Reading
    from .training.estimator import DigitClassifier as DigitClassifier


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'inkdigits' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*_HOME, "__version__"])
