"""The service: domains, web, command line. Imports go down only (docs/adr/0001)."""
