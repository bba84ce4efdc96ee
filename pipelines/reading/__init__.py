"""Readers of archives and rows."""
