"""What setting up a bucket pair costs, beside what the same would cost without this product.

``make bench`` runs everything in one go, writes ``bench/out/results.json`` and ``bench/results/pair.md``, and prints
the latter; then it measures fleets (:mod:`bench.fleet`). Seconds depend on the machine; the ratios compare measurements
that alternate within minutes.
"""
