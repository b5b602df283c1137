"""Claims on Slack messages: what stops a message from being posted twice."""

from dataclasses import dataclass
from enum import StrEnum


class PostState(StrEnum):
    NEW = "new"  # claimed now: go and post
    BUSY = "busy"  # another worker claimed it a moment ago
    UNCLEAR = "unclear"  # claimed long ago, never recorded: look before posting
    POSTED = "posted"


@dataclass(frozen=True)
class PostClaim:
    """The state of one message's key. `channel`, `ts` and `digest` are set once it is posted."""

    state: PostState
    channel: str | None = None
    ts: str | None = None
    digest: str = ""
