"""Celery workers: they wake work that rows already hold, nothing else."""
