"""Recipes, runs and where they are worked off."""
