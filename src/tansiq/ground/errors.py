"""The errors of Tansiq, in one tree. Each says what is wrong and what to do next, in one line.

    Fault                an error that a person or a caller can act on
    |-- Missing          it does not exist for this reader (a page answers 404)
    |-- Malformed        bytes, a file or a value that cannot be read
    |-- NotCovered       data that does not reach the place or the time asked for
    |-- Unready          this node lacks something it needs (a key, a home, a database)
    `-- Untrusted        a signature, a key or a proof that does not hold

A rule's "no" is no error: it is `ground.verdict.Refused`, and it is answered, not raised.
"""


class Fault(Exception):
    """Something is wrong that a person can act on."""

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(f"{what} {next_step}".strip())
        self.what = what
        self.next_step = next_step


class Missing(Fault):
    """It does not exist, or not for this reader: the two are never told apart."""


class Malformed(Fault):
    """It cannot be read: truncated, of another format, or out of range."""


class NotCovered(Fault):
    """The data at hand do not cover the place or the time that was asked for."""


class Unready(Fault):
    """The node lacks what it needs to do this."""


class Untrusted(Fault):
    """A signature, key, card or proof does not hold."""
