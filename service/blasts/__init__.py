"""One message to many, and its life cycle."""
