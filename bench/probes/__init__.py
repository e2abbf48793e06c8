"""Measurements that need a process of their own. Each prints one JSON object."""
