"""What anybody may read: editions as they came out, blasts, topics, and one's own mail and feed by link."""
