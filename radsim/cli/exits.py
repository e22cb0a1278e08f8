"""How a command ends: the exit code of each way."""

DONE = 0
FAILED = 1  # not the user's fault
WRONG = 2  # a mistake in a file or in what was typed
INTERRUPTED = 130  # as shells say it of Ctrl-C
