"""Scoring every text path of an ablation: the plan of paths, the table of scores, and the graphs that fill it."""
