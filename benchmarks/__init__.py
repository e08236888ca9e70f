"""Speed, measured: `python -m benchmarks` writes RESULTS.md, whole or not at all."""
