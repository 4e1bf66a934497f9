"""The record of the benchmarks, which `python -m tests.benchmarks` in the source writes: read, and as tables."""
