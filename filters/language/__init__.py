"""Strategies of the stage language, one file each."""
