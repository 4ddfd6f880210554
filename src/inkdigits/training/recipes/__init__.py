"""The recipes that come with inkdigits: one short file each, read top to bottom."""
