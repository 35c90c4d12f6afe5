"""The description of the API: one table of operations, and how it becomes a document.

operations.py   the table: method, path, name, bodies, answers
shapes.py       from the structures of cloud/api/schemas to JSON Schema, and what types cannot say
failures.py     the answers to failures, by status
examples.py     a body and an answer for each operation that has one
document.py     the table through drf-spectacular, as the bytes of /openapi.json
"""
