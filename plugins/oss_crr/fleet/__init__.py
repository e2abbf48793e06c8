"""Many pairs: the inventory file, which of its pairs a run takes, and the batches they are cut into."""
