"""Strategies of the stage sampling, one file each."""
