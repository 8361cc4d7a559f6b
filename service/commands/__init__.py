"""One file per `broadsheet` command."""
