"""Rows: how they are written, gone on with, and looked at again."""
