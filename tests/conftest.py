"""For all tests: none depends on how fast the machine is."""

import signal

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# Whoever starts the tests in the background, or by nohup, has them ignore these, and what is under test would too.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
