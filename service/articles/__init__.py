"""What there is to read: sources, fetching, parsing, topics."""
