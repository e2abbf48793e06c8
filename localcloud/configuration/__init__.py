"""The configuration file: strict reading, its schema, and the cloud that it describes."""
