"""What ``benchmarks/compare.py`` is made of: the papers' programs in two forms, their measurement, the page."""
