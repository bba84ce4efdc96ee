"""What a user calls: recipes, runs, ablations, training, evaluation, the report."""
