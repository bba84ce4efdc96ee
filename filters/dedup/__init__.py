"""Strategies of the stage dedup, one file each."""
