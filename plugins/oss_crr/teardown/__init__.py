"""Take back exactly what a setup added, in reverse order."""
