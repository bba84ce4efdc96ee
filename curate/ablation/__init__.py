"""Ablations: arms decided from one scored table, compared, and put into a report."""
