"""The things that are configured, one module each; all knowledge about a thing lives in its module."""
