"""Fuzzing, outside the suite: `make fuzz`, or `python -m tests.fuzz readers --seconds 60`.

Three classes: readers (atheris, guided by coverage), kernels (the suite's own properties, fed with random choices, with
Numba's checks of bounds on) and strategies (atheris). What one finds becomes a test beside the code it is about.
"""
