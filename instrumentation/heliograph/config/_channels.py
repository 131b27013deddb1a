"""The shape of `heliograph.yaml`: the ways to reach people."""

from typing import Literal

from pydantic import Field, StrictBool, StrictInt

from heliograph.config._section import Section
from heliograph.config._types import Address, HostPort, PhoneNumber, Span, Text, Url

__all__ = ["Channels", "Severities"]

Severities = list[Literal["critical", "warning"]]
"""What a channel without rooms of its own for each severity is sent."""


class Inbox(Section):
    """The local mailbox and webhook of `heliograph inbox`."""

    enabled: StrictBool
    smtp: HostPort
    webhook: Url
    address: Address
    sender: Address


class SlackRoom(Section):
    """One Slack channel; a webhook of its own where the workspace binds webhooks to channels."""

    room: Text
    webhook_url_file: Text | None


class Slack(Section):
    """Slack incoming webhooks, one room for each severity."""

    enabled: StrictBool
    webhook_url_file: Text | None
    warning: SlackRoom
    critical: SlackRoom


class Email(Section):
    """A mail server and the people behind each severity."""

    enabled: StrictBool
    smarthost: HostPort
    sender: Address
    username: Text | None
    password_file: Text | None
    require_tls: StrictBool
    warning: list[Address] = Field(min_length=1)
    critical: list[Address] = Field(min_length=1)


class Sns(Section):
    """Text messages through Amazon SNS."""

    region: Text
    credentials_file: Text | None
    profile: Text | None


class Sms(Section):
    """Text messages, for critical alerts only."""

    enabled: StrictBool
    numbers: list[PhoneNumber]
    via: Literal["sns", "webhook"]
    sns: Sns
    webhook_url_file: Text | None


class PagerDuty(Section):
    """Events API v2 of PagerDuty, one integration key."""

    enabled: StrictBool
    routing_key_file: Text | None
    severities: Severities = Field(min_length=1)
    url: Url


class Opsgenie(Section):
    """The alert API of Opsgenie, or of Jira Service Management, one API key."""

    enabled: StrictBool
    api_key_file: Text | None
    severities: Severities = Field(min_length=1)
    url: Url


class WebhookRoom(Section):
    """One room whose webhook leads nowhere else."""

    webhook_url_file: Text | None


class Rooms(Section):
    """A service whose webhooks are bound to a room each: Microsoft Teams, Discord."""

    enabled: StrictBool
    webhook_url_file: Text | None
    warning: WebhookRoom
    critical: WebhookRoom


class TelegramChat(Section):
    """One chat."""

    chat: StrictInt | None


class Telegram(Section):
    """A bot of Telegram's, and the chats it writes to."""

    enabled: StrictBool
    bot_token_file: Text | None
    chat: StrictInt | None
    warning: TelegramChat
    critical: TelegramChat
    url: Url


class Webhook(Section):
    """Alertmanager's own JSON to an address of yours."""

    enabled: StrictBool
    url_file: Text | None
    severities: Severities = Field(min_length=1)
    bearer_token_file: Text | None
    username: Text | None
    password_file: Text | None


class Deadman(Section):
    """A receiver outside that calls somebody when it hears nothing."""

    enabled: StrictBool
    url_file: Text | None
    interval: Span


class Channels(Section):
    """The ways to reach people."""

    inbox: Inbox
    slack: Slack
    email: Email
    sms: Sms
    pagerduty: PagerDuty
    opsgenie: Opsgenie
    msteams: Rooms
    discord: Rooms
    telegram: Telegram
    webhook: Webhook
    deadman: Deadman
