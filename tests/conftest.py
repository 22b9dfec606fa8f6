"""Its presence puts this folder on the path, so that every test can say `from fakes…`."""

from hypothesis import settings

# How long an example takes says more of the machine than of the code.
settings.register_profile("orgroot", deadline=None)
settings.load_profile("orgroot")
