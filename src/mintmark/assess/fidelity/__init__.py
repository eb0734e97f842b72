"""Fidelity metrics: one a file."""
