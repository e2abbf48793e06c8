"""What KMS does with keys, aliases, policies and instances of an account; no HTTP in here."""
