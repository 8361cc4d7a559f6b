"""Who is due, which articles, in which order."""
