"""Access policies: parsing and evaluation."""
