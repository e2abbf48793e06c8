"""What the measurements were made on. No names: neither of the machine nor of its user."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

_GIGABYTE = 1024**3


def describe() -> dict[str, Any]:
    """Return date, cores, memory in GB, versions, and how busy the machine is with other things."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / _GIGABYTE),
        "processor": _processor(),
        "system": platform.system(),
        "python": platform.python_version(),
        "airflow": metadata.version("apache-airflow"),
        "load": round(os.getloadavg()[0], 1),
    }


def _processor() -> str:
    """The processor's model, where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
