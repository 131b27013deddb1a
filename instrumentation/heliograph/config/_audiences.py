"""The shape of `heliograph.yaml`: what a team or a tenant has of its own. What is absent is as in `channels`."""

from pydantic import Field, StrictBool, StrictInt

from heliograph.config._channels import Severities
from heliograph.config._section import Section
from heliograph.config._types import Address, Name, PhoneNumber, Text

__all__ = ["Audience", "Team", "Teams"]


class OwnSlackRoom(Section):
    """A Slack room for one severity."""

    room: Text | None = None
    webhook_url_file: Text | None = None


class OwnSlack(Section):
    """Slack rooms; `webhook_url_file` alone is one room for both severities."""

    webhook_url_file: Text | None = None
    warning: OwnSlackRoom | None = None
    critical: OwnSlackRoom | None = None


class OwnEmail(Section):
    """People, reached by the general mail server."""

    warning: list[Address] | None = Field(default=None, min_length=1)
    critical: list[Address] | None = Field(default=None, min_length=1)


class OwnSms(Section):
    """Text messages to other people, by the general gateway."""

    numbers: list[PhoneNumber] = Field(min_length=1)


class OwnPagerDuty(Section):
    """A PagerDuty service of its own."""

    routing_key_file: Text
    severities: Severities | None = Field(default=None, min_length=1)


class OwnOpsgenie(Section):
    """An Opsgenie integration of its own."""

    api_key_file: Text
    severities: Severities | None = Field(default=None, min_length=1)


class OwnRoom(Section):
    """A room for one severity."""

    webhook_url_file: Text


class OwnRooms(Section):
    """Rooms in Microsoft Teams or Discord; `webhook_url_file` alone is one room for both severities."""

    webhook_url_file: Text | None = None
    warning: OwnRoom | None = None
    critical: OwnRoom | None = None


class OwnChat(Section):
    """A Telegram chat for one severity."""

    chat: StrictInt


class OwnTelegram(Section):
    """Telegram chats of the general bot; `chat` alone is one for both severities."""

    chat: StrictInt | None = None
    warning: OwnChat | None = None
    critical: OwnChat | None = None


class OwnWebhook(Section):
    """A webhook of its own, with its own authorization."""

    url_file: Text
    severities: Severities | None = Field(default=None, min_length=1)
    bearer_token_file: Text | None = None
    username: Text | None = None
    password_file: Text | None = None


class Audience(Section):
    """Channels of some people's own."""

    slack: OwnSlack | None = None
    email: OwnEmail | None = None
    sms: OwnSms | None = None
    pagerduty: OwnPagerDuty | None = None
    opsgenie: OwnOpsgenie | None = None
    msteams: OwnRooms | None = None
    discord: OwnRooms | None = None
    telegram: OwnTelegram | None = None
    webhook: OwnWebhook | None = None


class Team(Audience):
    """A team's own channels: in place of the general ones of the same kind and severity, or next to them."""

    replace: StrictBool = True


class Teams(Section):
    """Whose alert it is: the label `team` of each."""

    default: Name
    channels: dict[Name, Team]
