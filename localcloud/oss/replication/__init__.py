"""Replication rules, their states, and the engine that copies objects."""
