"""What waits without holding a worker."""
