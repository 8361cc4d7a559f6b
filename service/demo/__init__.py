"""A sample publication, its feed, its readers."""
