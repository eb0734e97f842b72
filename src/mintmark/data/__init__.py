"""Columns, schemas, files, splits and random streams."""
