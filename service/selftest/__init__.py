"""Drives a whole installation as a reader and an operator would."""
