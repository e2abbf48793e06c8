# syntax=docker/dockerfile:1
# Two images: `airflow` for every part of a cluster, `localcloud` for the try-out. See docs/deployment.md.

# The slim image has Airflow without providers: what is added are exactly the versions that the tests run with.
FROM apache/airflow:slim-3.3.2-python3.11 AS airflow

COPY requirements.txt requirements-cluster.txt constraints.txt /tmp/requirements/
RUN pip install --no-cache-dir --prefer-binary --constraint /tmp/requirements/constraints.txt \
      --requirement /tmp/requirements/requirements.txt --requirement /tmp/requirements/requirements-cluster.txt \
    && pip check \
    && mkdir --mode=0775 /opt/airflow/auth

# Loads the cloud SDKs once in each worker, before it forks a process per task.
COPY devstack/airflow_config/airflow_local_settings.py /opt/airflow/config/
# The folders stay side by side: the package looks for include/ beside plugins/.
COPY dags /opt/airflow/dags
COPY plugins /opt/airflow/plugins
COPY include /opt/airflow/include


FROM python:3.11-slim-bookworm AS localcloud

WORKDIR /srv
COPY requirements-localcloud.txt requirements-tryout.txt constraints.txt /tmp/requirements/
RUN pip install --no-cache-dir --prefer-binary --constraint /tmp/requirements/constraints.txt \
      --requirement /tmp/requirements/requirements-localcloud.txt \
      --requirement /tmp/requirements/requirements-tryout.txt \
    && useradd --create-home --uid 10001 localcloud \
    && install --directory --owner=localcloud /srv/state

COPY include /srv/include
COPY devstack /srv/devstack
COPY localcloud /srv/localcloud
USER 10001
RUN python -m devstack.cloud_config /home/localcloud/cloud.yaml
ENTRYPOINT ["python", "-m"]
CMD ["localcloud", "--host", "0.0.0.0", "--domain", "localcloud", \
     "--config", "/home/localcloud/cloud.yaml", "--state", "/srv/state/cloud.state"]
