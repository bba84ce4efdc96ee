"""Readers of archives and rows: a piece of a file to pages, rejected records and damaged places."""

from pipelines.reading.reader import Reader, read

__all__ = ["Reader", "read"]
