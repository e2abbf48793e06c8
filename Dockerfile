# syntax=docker/dockerfile:1
# Two images: `airflow` for every part of a cluster, `localcloud` for the try-out. See docs/deployment.md.

# The slim image has Airflow without providers: what is added are exactly the versions that the tests run with.
FROM apache/airflow:slim-3.3.2-python3.11 AS airflow

COPY requirements.txt requirements-cluster.txt constraints.txt /tmp/requirements/
RUN pip install --no-cache-dir --prefer-binary --constraint /tmp/requirements/constraints.txt \
      --requirement /tmp/requirements/requirements.txt --requirement /tmp/requirements/requirements-cluster.txt \
    && pip check \
    && mkdir --mode=0775 /opt/airflow/auth

# The folders stay side by side: the package looks for include/ beside plugins/.
COPY --chown=airflow:0 config /opt/airflow/config
COPY --chown=airflow:0 dags /opt/airflow/dags
COPY --chown=airflow:0 plugins /opt/airflow/plugins
COPY --chown=airflow:0 include /opt/airflow/include
RUN python -m compileall -q /opt/airflow/plugins


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
