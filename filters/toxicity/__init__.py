"""Strategies of the stage toxicity, one file each."""
