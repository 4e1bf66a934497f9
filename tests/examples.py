"""How many examples hypothesis tries of a property that is slow, or quick, to check."""

from hypothesis import settings


def at_most(count: int) -> settings:
    """So many, and fewer where the profile in force asks for fewer."""
    return settings(max_examples=min(count, settings.default.max_examples))


def many(count: int) -> settings:
    """So many, which is more than usual; in the fast lane no more of this property than of others."""
    usual, whole = settings.default.max_examples, settings.get_profile("pcl").max_examples
    return settings(max_examples=count if usual >= whole else usual)
