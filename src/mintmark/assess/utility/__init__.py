"""Utility metrics: one a file."""
