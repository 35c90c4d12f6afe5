"""The one error of the launcher: what failed, and what to do about it."""


class ServerError(Exception):
    """A server could not be started, found or stopped; the message says what to do."""
