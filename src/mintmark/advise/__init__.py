"""Advice on data and methods, from what was measured."""
