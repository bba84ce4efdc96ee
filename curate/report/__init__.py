"""From a scored table to a report."""
