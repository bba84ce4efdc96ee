"""Apache Beam: readers, stages, corpus decisions, writers, engines."""
