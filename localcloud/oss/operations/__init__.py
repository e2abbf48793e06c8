"""Handlers of the OSS operations, one module per group; each exports its table as ``OPERATIONS``."""
