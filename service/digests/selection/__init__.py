"""Chooses and orders the articles of one digest (pure: frozen values in, frozen values out)."""
