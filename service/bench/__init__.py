"""Measures how fast this installation delivers, on servers of its own."""
