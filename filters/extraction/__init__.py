"""Strategies of the stage extraction, one file each."""
