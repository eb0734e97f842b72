"""General checks: one rule a file."""
