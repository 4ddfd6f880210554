"""Pixels -> the sheet, the strokes on it, and the fields that numbers are written in."""
