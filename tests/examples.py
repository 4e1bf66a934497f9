"""How many examples hypothesis tries of a property: by profile, and where a property is slow, or quick, to check."""

from hypothesis import settings

# The same examples on every run: a test that fails on one machine fails on all. No deadline: machines differ.
USUAL = "pcl"
settings.register_profile(USUAL, deadline=None, derandomize=True)
# The fast lane takes it by name, and tries a fifth of the examples of a property.
settings.register_profile("check", parent=settings.get_profile(USUAL), max_examples=20)


def at_most(count: int) -> settings:
    """So many, and fewer where the profile in force asks for fewer."""
    return settings(max_examples=min(count, settings.default.max_examples))


def many(count: int) -> settings:
    """So many, which is more than usual; in the fast lane no more of this property than of others."""
    usual, whole = settings.default.max_examples, settings.get_profile(USUAL).max_examples
    return settings(max_examples=count if usual >= whole else usual)


def in_the_fast_lane() -> bool:
    """Whether the profile in force asks for fewer examples than the whole."""
    return settings.default.max_examples < settings.get_profile(USUAL).max_examples
