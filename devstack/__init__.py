"""A complete Airflow beside a local cloud, for the demo and for the end-to-end tests.

``Stack`` starts an embedded PostgreSQL, the local cloud and the four parts of Airflow as child processes, and ends
all of them again. Nothing here is needed to use the package on an Airflow that already runs.
"""
