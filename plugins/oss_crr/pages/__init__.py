"""The run's report as a page in Airflow's UI, as JSON and as CSV; and one line in the run's note.

Only the API server serves pages and only the scheduler writes notes, but Airflow loads its plugins in every task's
process as well. So nothing here is imported before it is needed: see :mod:`oss_crr.pages.mount`.
"""
