"""The development inbox: an SMTP server that keeps every message, and its page."""
