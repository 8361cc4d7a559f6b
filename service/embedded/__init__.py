"""Our own PostgreSQL, Valkey and process supervisor for one-command installs."""
