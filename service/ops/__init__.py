"""Overview, health, heartbeats: reads every domain, imported by none of them."""
