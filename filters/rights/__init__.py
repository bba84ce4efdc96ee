"""Strategies of the stage rights, one file each: what a page and its server say about the use of its text."""
