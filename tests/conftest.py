"""What holds for all tests."""

from hypothesis import settings

# how long an example takes depends on what else the machine does: no test may fail of it
settings.register_profile("pinner", deadline=None)
settings.load_profile("pinner")
