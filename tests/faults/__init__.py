"""The battery of faults: one table of what goes wrong, how it is made, and what must come of it.

`make faults` runs all of it; tests/faults/test_sample.py runs a small part with the other tests.
"""
