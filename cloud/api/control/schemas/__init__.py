"""Shapes of JSON of the control API: no rules."""
