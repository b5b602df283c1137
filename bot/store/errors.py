"""What a unit may raise beyond programming errors."""


class DatabaseUnreachable(Exception):
    """The database can't be reached; the text says which and why, without a password."""


class Taken(Exception):
    """A unique row stands already: somebody else was first."""


class NoEncryptionKey(Exception):
    """A token is to be stored or read and there is no key."""

    def __init__(self) -> None:
        super().__init__("LINKBOT_ENCRYPTION_KEY is missing: tokens are only stored encrypted. "
                         "`linkbot check --new-key` prints one")  # fmt: skip
