"""Accounts of people: signing in, and the e-mails that belong to it."""
