"""What a run did to its documents, read from the run's directory and shown to a person."""
