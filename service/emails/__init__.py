"""Jinja over email_templates/: rendering, inlining, splicing."""
