"""Who may link and approve: the policy of a workspace, and the one decision about a person."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.domain.values import Right, UserId

SETTING = "rights"
"""The name under which a workspace's policy is kept."""


class RightsKind(StrEnum):
    EVERYONE = "everyone"  # but guests and people of other workspaces: those never may
    GROUP = "group"  # members of a Slack user group
    CHANNEL = "channel"  # members of a channel
    USERS = "users"  # people named one by one


class RightRefusal(StrEnum):
    """Why a person may not do it. The ledger has it as `no_right_<value>`."""

    GUEST = "guest"
    STRANGER = "stranger"  # of another workspace, through Slack Connect
    NOT_IN_GROUP = "not_in_group"
    NOT_IN_CHANNEL = "not_in_channel"
    NOT_NAMED = "not_named"
    NOT_ADMIN = "not_admin"  # only admins change who may link
    UNKNOWN = "unknown"  # Slack did not say who this is: writes fail closed


@dataclass(frozen=True)
class RightsPolicy:
    """`ids`: the group, the channel, or the people. `name`: the group's handle, to be shown."""

    kind: RightsKind = RightsKind.EVERYONE
    ids: tuple[str, ...] = ()
    name: str = ""

    @property
    def place(self) -> str | None:
        """The group or channel whose members Slack has to be asked for."""
        asked = self.kind in (RightsKind.GROUP, RightsKind.CHANNEL) and self.ids
        return self.ids[0] if asked else None


EVERYONE = RightsPolicy()
NOBODY = RightsPolicy(RightsKind.USERS)
"""Only admins: what a policy that can't be read means."""


@dataclass(frozen=True)
class Person:
    """What Slack says of a person. `is_member`: of the policy's group or channel; None: not known."""

    id: UserId
    is_guest: bool = False
    is_stranger: bool = False
    is_admin: bool = False  # or owner
    is_member: bool | None = None


@dataclass(frozen=True)
class UserGroup:
    """A Slack user group; `@handle` is how people write it."""

    id: str
    handle: str
    name: str


class PolicyProblem(StrEnum):
    """Why a policy that was asked for is not set."""

    NO_PLAN = "no_plan"  # the workspace's plan has no user groups
    NO_SCOPE = "no_scope"
    NO_SUCH_GROUP = "no_such_group"
    NO_SUCH_CHANNEL = "no_such_channel"  # or one that the bot can't see
    NO_SUCH_PERSON = "no_such_person"
    SEVERAL_PEOPLE = "several_people"  # of that name
    TOO_MANY = "too_many"
    SLACK_FAILED = "slack_failed"


MOST_USERS = 50
"""How many people a policy may name; for more there are groups and channels."""


@dataclass(frozen=True)
class WrongPolicy:
    """`about`: the name that was not found, or Slack's error code."""

    problem: PolicyProblem
    about: str = ""


@dataclass(frozen=True)
class FoundPolicy:
    """A policy whose group, channel or people exist. `people`: how many it lets in now; None: everyone."""

    policy: RightsPolicy
    people: int | None = None


def decide_right(policy: RightsPolicy, person: Person | None, right: Right = Right.LINK) -> RightRefusal | None:
    """May this person use the right? None: yes. `person` None: Slack could not be asked."""
    if right is Right.READ:
        return None
    if person is None:
        return RightRefusal.UNKNOWN
    if person.is_stranger:
        return RightRefusal.STRANGER
    if person.is_guest:
        return RightRefusal.GUEST
    if person.is_admin:
        return None
    if right is Right.ADMIN:
        return RightRefusal.NOT_ADMIN
    return _by_policy(policy, person)


def _by_policy(policy: RightsPolicy, person: Person) -> RightRefusal | None:
    if policy.kind is RightsKind.EVERYONE:
        return None
    if policy.kind is RightsKind.USERS:
        return None if person.id in policy.ids else RightRefusal.NOT_NAMED
    if person.is_member is None:
        return RightRefusal.UNKNOWN
    outside = RightRefusal.NOT_IN_GROUP if policy.kind is RightsKind.GROUP else RightRefusal.NOT_IN_CHANNEL
    return None if person.is_member else outside


def to_json(policy: RightsPolicy) -> dict[str, Any]:
    """As it is kept and as the ledger tells it: only what says something."""
    told: dict[str, Any] = {"kind": policy.kind.value}
    if policy.ids:
        told["ids"] = list(policy.ids)
    if policy.name:
        told["name"] = policy.name
    return told


def from_json(kept: Any) -> RightsPolicy:
    """What was kept. Nothing: the default. Something that can't be read: nobody but admins."""
    if kept is None:
        return EVERYONE
    try:
        kind, ids = RightsKind(kept["kind"]), tuple(str(one) for one in kept.get("ids", ()))
        policy = RightsPolicy(kind, ids, str(kept.get("name", "")))
    except (KeyError, ValueError, TypeError, AttributeError):
        return NOBODY
    return policy if policy.kind is RightsKind.EVERYONE or policy.ids else NOBODY
