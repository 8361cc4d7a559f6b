"""Accounts, sessions, roles of the people who run Broadsheet."""
