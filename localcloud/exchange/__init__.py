"""One cloud call from its request to its answer, in the form of its product."""
