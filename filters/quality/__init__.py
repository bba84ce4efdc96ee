"""Strategies of the stage quality, one file each."""
