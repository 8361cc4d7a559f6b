"""The only Flask beside app.py: HTTP in, HTTP out, no rules."""
