"""Set up, watch and prove cross-account replication between Alibaba Cloud OSS buckets."""
