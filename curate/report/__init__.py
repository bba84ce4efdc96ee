"""Draws the reports of runs and ablations."""
