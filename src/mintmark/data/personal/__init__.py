"""Personal columns: found by what they hold and are called, and replaced by surrogates."""
