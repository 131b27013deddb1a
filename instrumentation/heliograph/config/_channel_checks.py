"""What must hold between the values of `channels`, `teams` and `routing`, and the secrets that they read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from heliograph.config._errors import Key, Problem

__all__ = ["channel_problems", "channel_secrets"]

_TIERS = ("warning", "critical")
_MUTED_APART = 4  # different `match` of mute times; each doubles the routes
_OWN_TIME = "business-hours"  # the name of that interval in Alertmanager's configuration


def channel_problems(data: Mapping[str, object]) -> Iterator[Problem]:
    """Yield the problems between values."""
    channels = _get(data, "channels")
    if not isinstance(channels, Mapping):
        return
    switches = [_get(channel, "enabled") for name, channel in channels.items() if name != "deadman"]
    if switches and all(switch is False for switch in switches):
        yield Problem(("channels",), "no channel is on: nobody would be told", "set `enabled: true` for one of them")
    sms = _get(channels, "sms")
    if _get(sms, "enabled") is True and not _get(sms, "numbers"):
        yield Problem(
            ("channels", "sms", "numbers"),
            "is empty though sms is on",
            'list who is called: ["+491701234567"]',
        )
    yield from _chats(channels)
    for key, webhook in _users(data, "webhook"):
        if _get(webhook, "bearer_token_file") and _get(webhook, "username"):
            yield Problem((*key, "username"), "stands next to bearer_token_file", "keep one of the two")
    yield from _mute_times(data)


def channel_secrets(data: Mapping[str, object]) -> Iterator[tuple[Key, object, bool]]:
    """Yield (key, file or None, required) for each secret that somebody's channel reads."""
    for kind in ("slack", "msteams", "discord"):
        for key, rooms in _users(data, kind):
            yield from _room_files(data, kind, key, rooms)
    yield from _lent_secrets(data)
    for kind, name in (("pagerduty", "routing_key_file"), ("opsgenie", "api_key_file")):
        for key, one in _users(data, kind):
            yield (*key, name), _get(one, name), True
    for key, webhook in _users(data, "webhook"):
        yield (*key, "url_file"), _get(webhook, "url_file"), True
        yield (*key, "bearer_token_file"), _get(webhook, "bearer_token_file"), False
        yield (*key, "password_file"), _get(webhook, "password_file"), bool(_get(webhook, "username"))
    if _get(data, "channels", "deadman", "enabled") is True:
        yield ("channels", "deadman", "url_file"), _get(data, "channels", "deadman", "url_file"), True


def _lent_secrets(data: Mapping[str, object]) -> Iterator[tuple[Key, object, bool]]:
    """Yield those that the general channel lends to teams and tenants: a mail server's, a gateway's, a bot's."""
    email, sms, telegram = (_get(data, "channels", kind) for kind in ("email", "sms", "telegram"))
    if _in_use(data, "email"):
        # A relay inside one's own network may want no user name, and then no password.
        yield ("channels", "email", "password_file"), _get(email, "password_file"), bool(_get(email, "username"))
    if _in_use(data, "sms") and _get(sms, "via") == "sns":
        # Without a file the usual chain of the AWS client decides (role of the machine, environment).
        yield ("channels", "sms", "sns", "credentials_file"), _get(sms, "sns", "credentials_file"), False
    if _in_use(data, "sms") and _get(sms, "via") == "webhook":
        yield ("channels", "sms", "webhook_url_file"), _get(sms, "webhook_url_file"), True
    if _in_use(data, "telegram"):
        yield ("channels", "telegram", "bot_token_file"), _get(telegram, "bot_token_file"), True


def _get(data: object, *key: str) -> object:
    for part in key:
        if not isinstance(data, Mapping):
            return None
        data = data.get(part)
    return data


def _audiences(data: Mapping[str, object]) -> Iterator[tuple[Key, object]]:
    for key in (("teams", "channels"), ("routing", "tenants")):
        found = _get(data, *key)
        if isinstance(found, Mapping):
            yield from (((*key, str(name)), audience) for name, audience in found.items())


def _users(data: Mapping[str, object], kind: str) -> Iterator[tuple[Key, object]]:
    """Yield (key, section) of each that is in use: the general one when it is on, and those of teams and tenants."""
    general = _get(data, "channels", kind)
    if _get(general, "enabled") is True:
        yield ("channels", kind), general
    for key, audience in _audiences(data):
        if own := _get(audience, kind):
            yield (*key, kind), own


def _in_use(data: Mapping[str, object], kind: str) -> bool:
    return any(True for _ in _users(data, kind))


def _room_files(data: Mapping[str, object], kind: str, key: Key, rooms: object) -> Iterator[tuple[Key, object, bool]]:
    """Yield the webhook of each room that `rooms` states: its own, else the one for both severities.

    A team's Slack room may have neither: then the general channel's webhook writes to it.
    """
    name = "webhook_url_file"
    general = key[0] == "channels"
    places: dict[Key, object] = {}
    for tier in _TIERS:
        if not general and not _get(rooms, name) and not _get(rooms, tier):
            continue
        chain = [((*key, tier, name), _get(rooms, tier, name)), ((*key, name), _get(rooms, name))]
        if kind == "slack" and not general:
            lent = ("channels", kind)
            chain += [((*lent, tier, name), _get(data, *lent, tier, name)), ((*lent, name), _get(data, *lent, name))]
        where, file = next(((where, file) for where, file in chain if file), chain[-1])
        places[where] = file
    yield from ((where, file, True) for where, file in places.items())


def _chats(channels: Mapping[str, object]) -> Iterator[Problem]:
    telegram = _get(channels, "telegram")
    if _get(telegram, "enabled") is not True or _get(telegram, "chat") is not None:
        return
    if any(_get(telegram, tier, "chat") is None for tier in _TIERS):
        yield Problem(
            ("channels", "telegram", "chat"),
            "names no chat, and telegram is on",
            "write its number, or one for each severity; `getUpdates` of the bot shows it",
        )


def _mute_times(data: Mapping[str, object]) -> Iterator[Problem]:
    muted = _get(data, "routing", "mute_times")
    if not isinstance(muted, Mapping):
        return
    if _OWN_TIME in muted:
        yield Problem(("routing", "mute_times", _OWN_TIME), "is the name of routing.business_hours", "choose another")
    matches = [str(match) for time in muted.values() if (match := _get(time, "match"))]
    if len(set(matches)) > _MUTED_APART:
        yield Problem(
            ("routing", "mute_times"),
            f"has more than {_MUTED_APART} different `match`: the table of routes doubles with each",
            "give those with the same times one `match`, such as {team: a|b}",
        )
