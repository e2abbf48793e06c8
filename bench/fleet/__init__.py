"""What many bucket pairs take, beside scripts that do the same work and beside as many empty tasks.

``python -m bench.fleet`` (part of ``make bench``) writes ``bench/results/fleet.md``, ``fleet.svg`` and ``fleet.json``.
"""
