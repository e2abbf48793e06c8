"""The pipeline's steps as Airflow operators: context in, one call, result out."""
