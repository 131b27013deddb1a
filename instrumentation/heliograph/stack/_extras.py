"""What a server needs besides its row of the table: numbers of heliograph.yaml, and what is switched on there.

Only names of files are passed on: what stands in them, the servers read by themselves. Plan, process list and logs
never see a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph.stack._servers import Extra

if TYPE_CHECKING:
    from pathlib import Path

    from heliograph.config import Config

__all__ = ["extras"]


def extras(config: Config, folder: Path) -> dict[str, Extra]:
    """Return server → extra; `folder` holds the rendered configuration."""
    from heliograph.config._server_files import variables

    found = {name: Extra(env=env) for name, env in variables(config).items()}
    sms = config.channels.sms
    if sms.enabled and sms.via == "sns" and sms.sns.credentials_file:
        # Alertmanager's `sigv4` knows a region and a profile; the file is the AWS client's own business.
        found["alertmanager"] = Extra(env={"AWS_SHARED_CREDENTIALS_FILE": sms.sns.credentials_file})
    langsmith = config.destinations.langsmith
    if langsmith.enabled:
        found["collector"] = Extra(
            argv=(f"--config={folder}/collector/langsmith.yaml",),
            env={
                **found["collector"].env,
                "HELIOGRAPH_LANGSMITH_API_KEY_FILE": _literal(str(langsmith.api_key_file)),
                "HELIOGRAPH_LANGSMITH_PROJECT": _literal(langsmith.project),
                "HELIOGRAPH_LANGSMITH_URL": _literal(langsmith.url),
            },
        )
    return found


def _literal(text: str) -> str:
    """Keep the collector from reading `${…}` within a variable's value as one more variable."""
    return text.replace("$", "$$")
