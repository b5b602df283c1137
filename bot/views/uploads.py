"""Why Slack did not take a file: the sentences around uploads."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.views.texts import Sentence


@dataclass(frozen=True)
class Uploaded:
    """A file that Slack has; `id` as image blocks name it."""

    id: str


class UploadProblem(StrEnum):
    MISSING_SCOPE = "missing_scope"
    NOT_TAKEN = "not_taken"  # rate limit, time-out, an error of Slack's
    NOT_READY = "not_ready"  # uploaded, but Slack still looks through it


PROBLEMS: Mapping[UploadProblem, Sentence] = {
    UploadProblem.MISSING_SCOPE: Sentence(
        "the Slack app may not send files.", "Install it again with the scopes `files:write` and `im:write`."
    ),
    UploadProblem.NOT_TAKEN: Sentence("Slack did not take the file.", "Try again in a minute."),
    UploadProblem.NOT_READY: Sentence("Slack has not finished reading the file.", "Try again in a minute."),
}
