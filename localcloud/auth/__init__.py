"""Verification of request signatures, one module per scheme."""
