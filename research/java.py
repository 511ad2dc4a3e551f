"""Placeholder."""


def require_java() -> None:
    """Temporary."""
