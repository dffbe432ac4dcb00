"""Whole buckets on a GPU: few kernels a bucket, and the host never waits."""
