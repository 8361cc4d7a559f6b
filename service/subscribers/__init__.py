"""Who asked for mail: double opt-in, preferences, unsubscribe, the consent log."""
