"""Training classifiers and language models from labelled data."""
