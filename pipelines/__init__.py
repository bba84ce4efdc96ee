"""Apache Beam: readers, stages, corpus decisions, writers, engines."""

import logging


def _says_something(record: logging.LogRecord) -> bool:
    # Beam complains on import that the Google Cloud extra is not installed, even where nobody asked for it.
    return not record.getMessage().startswith("apitools not found")


logging.getLogger().addFilter(_says_something)
