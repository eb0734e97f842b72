"""The recipe, and the run that executes it into a directory that can be resumed."""
