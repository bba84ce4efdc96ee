"""Strategies of the stage pii, one file each."""
