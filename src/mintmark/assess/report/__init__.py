"""The report: an Assessment rendered as one HTML page or as plain text. Reads, never computes scores."""
