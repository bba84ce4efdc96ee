"""Tests of the report of runs and ablations."""
