"""The one kind of error that is meant for the person at the keyboard."""


class InputError(Exception):
    """Something the user gave is wrong: the message says what, where and what to do.

    The command line prints the message without a traceback and ends with exit code 2.
    """
