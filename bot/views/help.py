"""`/link help`: the verbs with examples, printed from the command table; and the answer to an unknown verb."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.views.blocks import Message, code, context, cut, lines, section


@dataclass(frozen=True)
class HelpRow:
    """A verb: `usage` and `example` with or without the leading `/link`, `meaning` in plain words."""

    usage: str
    meaning: str
    example: str = ""


def help_message(commands: Sequence[HelpRow], unknown: str | None, nearest: str | None) -> Message:
    """All verbs. `unknown`: what was typed and is no verb; `nearest`: the verb it may have meant."""
    said = ""
    if unknown:
        said = f"`/link` has no verb {code(unknown, 60)}."
        if nearest:
            said += f" Did you mean {code(f'/link {nearest}', 80)}?"
        said += " No SKU is called that either."
    told = [_row(row) for row in commands]
    blocks = [section(said)] if said else []
    blocks.append(section("*What `/link` can do*"))
    for start in range(0, len(told), 8):
        blocks.append(section(lines(*told[start : start + 8])))
    blocks.append(context("SKU: a TikTok SKU id, a seller SKU or a Shopify SKU; in quotes if it has spaces."))
    return Message(lines(said, "What /link can do:", *told), blocks)


def _row(row: HelpRow) -> str:
    example = f", e.g. {_typed(row.example)}" if row.example else ""
    return f"{_typed(row.usage)} {cut(row.meaning, 160)}{example}"


def _typed(text: str) -> str:
    return code(text if text.startswith("/link") else f"/link {text}", 100)
