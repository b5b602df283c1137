"""Short answers to one person, as a message or as a small modal."""

from collections.abc import Sequence

from bot.views.blocks import Json, Message, code, lines, modal, section
from bot.views.ids import Callback


def note(text: str, blocks: Sequence[Json] | None = None) -> Message:
    """A sentence of ours (mrkdwn; foreign text in it is escaped already)."""
    return Message(text, list(blocks) if blocks else [section(text)])


def refused(text: str, reference: str | None = None) -> Message:
    """Why something was not done, what to do next, and the reference that the log carries (U26)."""
    return note(lines(text, f"Reference: {code(reference, 40)}" if reference else ""))


def note_view(message: Message) -> Json:
    """A message as a modal: for modals that end with it, and for people who are not in a channel."""
    return modal("Linkbot", message.blocks, callback=Callback.NOTE)


def loading() -> Json:
    """What stands there before anything was read (U7)."""
    return modal("Linkbot", [section("Loading…")], callback=Callback.NOTE)
