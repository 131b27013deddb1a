"""The shape of `heliograph.yaml`: who is told, and how."""

from typing import Literal

from pydantic import Field, StrictBool

from heliograph.config._section import Section
from heliograph.config._types import Address, Duration, HostPort, Name, PhoneNumber, Span, Text, Url

__all__ = ["Channels", "Routing", "Teams"]


class Routing(Section):
    """Alertmanager's grouping of notifications."""

    group_wait: Duration
    group_interval: Span
    repeat_interval: Span


class Teams(Section):
    """Whose alert it is: the label `team` of each."""

    default: Name


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


class Channels(Section):
    """The ways to reach people."""

    inbox: Inbox
    slack: Slack
    email: Email
    sms: Sms
