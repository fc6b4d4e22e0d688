"""Real servers, private to one test run, on free ports of the loopback.

Standard library only: the demo and the benchmarks use them as well.
"""
