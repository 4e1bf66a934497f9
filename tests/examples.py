"""How many examples hypothesis tries of a property that is slow to check."""

from hypothesis import settings


def at_most(count: int) -> settings:
    """So many, and fewer where the profile in force asks for fewer."""
    return settings(max_examples=min(count, settings.default.max_examples))
