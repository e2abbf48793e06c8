"""Control calls for what goes wrong with replication: read, changed and taken back by rule."""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.configuration.section import Section
from localcloud.oss.replication.faults import ReplicationFaults

#: Switches of a rule, and lists of object keys: the field of a control call, and where the fault is kept.
_SWITCHES = {"stalled": "stalled", "drop_deletes": "drops_deletes", "deliver_deletes": "delivers_deletes"}
_KEYS = {"lose": "lost", "corrupt": "corrupted", "stale": "stale"}


def change_faults(faults: ReplicationFaults, cloud: Cloud, value: object) -> None:
    """Set the faults of one rule that ``value`` gives; others stay as they are.

    :param value: ``rule`` (its id, or the name of its source bucket), and any of ``stalled``, ``objects_per_second`` (0
        for no limit of its own), ``lose``, ``corrupt`` and ``stale`` (lists of object keys, in which ``*`` stands for
        any text), ``drop_deletes`` and ``deliver_deletes``.
    :raises ConfigError: for an unknown field, a value of the wrong kind, or a rule that does not exist.
    """
    section = Section(value)
    rule = section.text("rule")
    if rule not in _known(cloud):
        raise section.error("rule", f"there is no rule or source bucket {rule!r}")
    switches = {kept: section.boolean(name, None) for name, kept in _SWITCHES.items()}
    keys = {kept: _texts(section, name) for name, kept in _KEYS.items() if section.has(name)}
    speed = section.number("objects_per_second", -1.0)
    section.finish()
    for kept, switch in switches.items():
        if switch is not None:
            _switch(getattr(faults, kept), rule, on=switch)
    for kept, found in keys.items():
        places: set[tuple[str, str]] = getattr(faults, kept)
        places -= {place for place in places if place[0] == rule}
        places |= {(rule, key) for key in found}
    if speed >= 0:
        faults.objects_per_second.pop(rule, None)
        faults.objects_per_second |= {rule: speed} if speed else {}


def remove_faults(faults: ReplicationFaults) -> None:
    """Let all rules work as they should."""
    for places in vars(faults).values():
        places.clear()


def describe_faults(faults: ReplicationFaults) -> list[dict[str, object]]:
    """Return the faults of every rule that has some, in the form of :func:`change_faults`."""
    return [_described(faults, rule) for rule in sorted(_faulty(faults))]


def _described(faults: ReplicationFaults, rule: str) -> dict[str, object]:
    found: dict[str, object] = {"rule": rule}
    found |= {name: True for name, kept in _SWITCHES.items() if rule in getattr(faults, kept)}
    for name, kept in _KEYS.items():
        keys = sorted(key for place, key in getattr(faults, kept) if place == rule)
        found |= {name: keys} if keys else {}
    speed = faults.objects_per_second.get(rule)
    return found | ({"objects_per_second": speed} if speed is not None else {})


def _faulty(faults: ReplicationFaults) -> set[str]:
    switched = {rule for kept in _SWITCHES.values() for rule in getattr(faults, kept)}
    with_keys = {rule for kept in _KEYS.values() for rule, _ in getattr(faults, kept)}
    return switched | with_keys | set(faults.objects_per_second)


def _known(cloud: Cloud) -> set[str]:
    return {*cloud.buckets, *(rule_id for bucket in cloud.buckets.values() for rule_id in bucket.rules)}


def _texts(section: Section, name: str) -> list[str]:
    entries = [entry for entry, _ in section.items(name)]
    if not all(isinstance(entry, str) for entry in entries):
        raise section.error(name, "expected a list of object keys")
    return [str(entry) for entry in entries]


def _switch(rules: set[str], rule: str, *, on: bool) -> None:
    if on:
        rules.add(rule)
    else:
        rules.discard(rule)
