"""`python -m inkdigits` is the `inkdigits` command."""

from .cli import main

main()
