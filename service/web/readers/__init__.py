"""What readers use: sign-up, confirmation, preferences, leaving, the click redirect."""
