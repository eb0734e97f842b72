"""Privacy metrics: one a file."""
