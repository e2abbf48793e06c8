"""Find out whether a pair still replicates as it should: drift, lag, canary and comparison."""
