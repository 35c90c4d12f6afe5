"""The control API, /api/control/v1: what tenant admins and operators do, for programs and for the dashboard.

routes.py          the registry: one entry per route, from which dispatch and description are made
endpoint.py        one view of Django REST framework per path: who, where, body, call, answer
authentication.py  a signed-in session or a service account's key → Actor
description.py     the OpenAPI document
schemas/           shapes of JSON, one module per noun
views/             three to ten lines per route: call the verb, answer
"""
