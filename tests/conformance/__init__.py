"""Chroma's own test suite, unmodified, against a server of ours: see README.md."""
