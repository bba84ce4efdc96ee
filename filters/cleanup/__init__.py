"""Strategies of the stage cleanup, one file each."""
