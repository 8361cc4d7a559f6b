"""Signals in hourly buckets, and the score made of them."""
