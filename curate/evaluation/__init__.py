"""Strategies against labelled data."""
