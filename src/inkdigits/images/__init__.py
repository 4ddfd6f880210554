"""Anything -> pixels: files of every kind, their sizes checked before anything is decoded."""

from .documents import MAX_PAGES, PDF_DPI, SUFFIXES, Document, Page, first, load

__all__ = ["MAX_PAGES", "PDF_DPI", "SUFFIXES", "Document", "Page", "first", "load"]
