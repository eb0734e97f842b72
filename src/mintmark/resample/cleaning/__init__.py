"""Cleaning: real rows taken away near other classes or from large ones, and new rows among other classes."""
