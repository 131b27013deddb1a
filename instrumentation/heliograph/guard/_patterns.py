"""What is redacted: one list, for the application and, rendered as RE2, for the collector.

The formats of keys are those their issuers document, or have published for secret scanning. An expression is
written twice only where Python and RE2 differ; RE2 has no look-around and cannot compute check digits.

Every expression is linear: what repeats is bounded, possessive, or starts where nothing of its kind precedes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from heliograph.guard import _checks

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CREDENTIALS", "PATTERNS", "PERSONAL", "SECRET", "SENSITIVE_NAME", "Pattern"]

SECRET: Final = "[SECRET REDACTED]"  # noqa: S105 - what stands there instead of one
_KEY: Final = "[API KEY REDACTED]"
_TOKEN: Final = "[TOKEN REDACTED]"  # noqa: S105
_PASSWORD: Final = "[PASSWORD REDACTED]"  # noqa: S105


@dataclass(frozen=True)
class Pattern:
    r"""A kind of text that must not leave the process.

    `expression` is searched for, in ASCII's sense of `\w`, `\d` and `\b`; `replacement` is a template of `re.sub`.
    `everywhere`: also outside of content: in any attribute, log, span name or exception. `hints`: lower-case texts,
    one of which is part of every match; what holds none of them is not searched (no hints: everything is).
    `check` gets what was found and returns how many of its characters to replace, 0 for none.
    `collector`: the same in RE2, "" where the collector does not look for it. `in_words`: False where the
    collector must see that no word goes on to the left of it.
    """

    name: str
    expression: str
    replacement: str
    everywhere: bool = False
    hints: tuple[str, ...] = ()
    check: Callable[[str], int] | None = None
    collector: str = ""
    in_words: bool = True
    compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", re.compile(self.expression, re.ASCII))

    def sub(self, text: str) -> str:
        """Replace what is found in `text`."""
        check = self.check
        if check is None:
            return self.compiled.sub(self.replacement, text)

        parts: list[str] = []
        done = position = 0
        while (found := self.compiled.search(text, position)) is not None:
            length = check(found[0])
            if not length:
                position = found.start() + 1  # what is refused may hold the beginning of what is not
                continue
            parts += (text[done : found.start()], found.expand(self.replacement))
            done = position = found.start() + length
        return "".join((*parts, text[done:])) if parts else text


def _key(
    name: str, prefix: str, rest: str, *, then: Literal["[API KEY REDACTED]", "[TOKEN REDACTED]"] = "[API KEY REDACTED]"
) -> Pattern:
    r"""Make the pattern of a key that starts with a literal `prefix`.

    Not within a word ("task-…" is no "sk-…"), though possibly after an escape of JSON or a URL: `\nsk-`, `%3Dsk-`.
    The prefix comes first in Python's expression, as it is what the search can skip to.
    """
    literal = re.escape(prefix)
    start = rf"(?:(?<![A-Za-z0-9]{literal})|(?<=\\[nrt]{literal})|(?<=%[0-9A-Fa-f][0-9A-Fa-f]{literal}))"
    return Pattern(
        name,
        expression=f"{literal}{start}{rest}",
        replacement=then,
        everywhere=True,
        hints=(prefix.lower(),),
        collector=f"{prefix.replace('.', '[.]')}{rest}",
        in_words=False,
    )


# The first letters apart, and sensitive to case: what an expression starts with is what the search skips to.
_NAMES: Final = (
    r"[aApPsStT](?i:pi[_-]?key|ccess[_-]?key|ccount[_-]?key|ecret[_-]?key|rivate[_-]?key|hared[_-]?access[_-]?key|"
    r"assword|asswd|assphrase|wd|ecret|uthorization|oken)"
)
_QUOTE: Final = r"(?:\\*[\"'])"
_WORDS: Final = r"[^\s\"'\\,;&<>()\[\]{}*0-9]"
_BARE: Final = r"[^\s\"'\\,;&<>()\[\]{}*]"

CREDENTIALS: Final = (
    Pattern(
        "private key",
        # Up to its end or, where that was cut off, to the end of the text.
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----))*+(?:-----END[^-]{0,60}-----)?",
        "[PRIVATE KEY REDACTED]",
        everywhere=True,
        hints=("private key",),
        collector=r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-[^-])*(?:-----END[^-]{0,60}-----)?",
    ),
    # OpenAI, Anthropic, OpenRouter, DeepSeek, LiteLLM, Langfuse (secret): "sk-", maybe words, then what no word is.
    _key("sk- key", "sk-", r"[a-z_-]{0,48}[0-9A-Z][A-Za-z0-9_-]{15,}"),
    _key("Stripe key", "sk_", r"(?:live|test)_[A-Za-z0-9]{16,}"),
    _key("Google key", "AIza", r"[A-Za-z0-9_-]{35}"),
    _key("Google OAuth token", "ya29.", r"[A-Za-z0-9_-]{20,}", then=_TOKEN),
    _key("Google OAuth secret", "GOCSPX-", r"[A-Za-z0-9_-]{20,}"),
    _key("AWS key id", "AKIA", r"[A-Z0-9]{16}"),
    _key("AWS temporary key id", "ASIA", r"[A-Z0-9]{16}"),
    _key("AWS Bedrock key", "ABSK", r"[A-Za-z0-9+/]{40,}={0,2}"),
    _key("GitHub token", "gh", r"[pousr]_[A-Za-z0-9]{30,}", then=_TOKEN),
    _key("GitHub fine-grained token", "github_pat_", r"[A-Za-z0-9_]{30,}", then=_TOKEN),
    _key("GitLab token", "glpat-", r"[A-Za-z0-9_-]{20,}", then=_TOKEN),
    _key("Slack token", "xox", r"[abeoprs]-[A-Za-z0-9-]{10,}", then=_TOKEN),
    _key("Slack app token", "xapp-", r"[A-Za-z0-9-]{20,}", then=_TOKEN),
    Pattern(
        "Slack webhook",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{16,}",
        "hooks.slack.com/" + SECRET,
        everywhere=True,
        hints=("hooks.slack.com/",),
        collector=r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{16,}",
    ),
    _key("LangSmith key", "lsv2_", r"(?:pt|sk)_[A-Za-z0-9_]{20,}"),
    _key("LangSmith old key", "ls__", r"[A-Za-z0-9]{20,}"),
    _key("Hugging Face token", "hf_", r"[A-Za-z0-9]{30,}", then=_TOKEN),
    _key("Groq key", "gsk_", r"[A-Za-z0-9]{30,}"),
    _key("xAI key", "xai-", r"[A-Za-z0-9]{40,}"),
    _key("Perplexity key", "pplx-", r"[A-Za-z0-9]{32,}"),
    _key("Replicate token", "r8_", r"[A-Za-z0-9]{30,}", then=_TOKEN),
    _key("Cerebras key", "csk-", r"[a-z0-9]{30,}"),
    _key("NVIDIA key", "nvapi-", r"[A-Za-z0-9_-]{40,}"),
    _key("Pinecone key", "pcsk_", r"[A-Za-z0-9_]{30,}"),
    _key("Tavily key", "tvly-", r"[A-Za-z0-9_-]{20,}"),
    _key("LlamaCloud key", "llx-", r"[A-Za-z0-9]{30,}"),
    _key("Grafana token", "glsa_", r"[A-Za-z0-9_]{30,}", then=_TOKEN),
    _key("npm token", "npm_", r"[A-Za-z0-9]{36}", then=_TOKEN),
    _key("PyPI token", "pypi-", r"AgE[A-Za-z0-9_-]{40,}", then=_TOKEN),
    # Header and payload are JSON objects: base64 of '{"' is "eyJ" (RFC 7519); up to five parts (RFC 7516).
    Pattern(
        "JWT",
        r"eyJ(?:(?<![A-Za-z0-9_-]eyJ)|(?<=\\[nrt]eyJ)|(?<=%[0-9A-Fa-f][0-9A-Fa-f]eyJ))[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){0,3}",
        _TOKEN,
        everywhere=True,
        hints=("eyj",),
        collector=r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,3}",
    ),
    Pattern(
        "bearer token",
        # A digit near its beginning: what tells a token from "Bearer responsibilities".
        r"([bB](?i:earer|asic))(?:\s|%20|\+){1,4}[A-Za-z._~+/-]{0,64}[0-9][A-Za-z0-9._~+/=-]{7,}",
        rf"\1 {_TOKEN}",
        everywhere=True,
        hints=("bearer", "basic"),
        collector=r"(?i:bearer|basic)(?:\s|%20|\+){1,4}[A-Za-z._~+/-]{0,64}[0-9][A-Za-z0-9._~+/=-]{7,}",
    ),
    Pattern(
        "authorization header",
        rf"([aA](?i:uthorization){_QUOTE}?\s{{0,4}}[:=,]\s{{0,4}}{_QUOTE}?(?i:bearer|basic|token|digest)\s{{1,4}})"
        r"[^\s\"'\\,\[\]]{6,}",
        rf"\1{_TOKEN}",
        everywhere=True,
        hints=("authorization",),
        collector=rf"[aA](?i:uthorization){_QUOTE}?\s{{0,4}}[:=,]\s{{0,4}}{_QUOTE}?(?i:bearer|basic|token|digest)\s{{1,4}}"
        r"[^\s\"'\\,\[\]]{6,}",
    ),
    Pattern(
        "password in a URL",
        r"://([^\s/@:\"'<>]{0,128}):(?!\[PASSWORD REDACTED\]@)[^\s/\"'<>]{1,256}@",
        rf"://\1:{_PASSWORD}@",
        everywhere=True,
        hints=("://",),
        collector=r"://[^\s/@:\"'<>]{0,128}:[^\s/\"'<>]{1,256}@",
    ),
    Pattern(
        "secret in a query",
        r"([?&](?i:api[_-]?key|key|token|access_token|id_token|refresh_token|sig|signature|x-amz-signature|"
        r"x-amz-security-token|x-goog-signature|password|client_secret|code)=)[^\s&#\"'\\<>\[]{6,}",
        rf"\1{SECRET}",
        everywhere=True,
        hints=("key=", "token=", "sig=", "signature=", "password=", "secret=", "code="),
        collector=r"[?&](?i:api[_-]?key|key|token|access_token|id_token|refresh_token|sig|signature|x-amz-signature|"
        r"x-amz-security-token|x-goog-signature|password|client_secret|code)=[^\s&#\"'\\<>\[]{6,}",
    ),
    Pattern(
        # token=…, "password": "…", API_KEY: …; after a colon without quotes only what contains a digit.
        "assignment",
        rf"({_NAMES}{_QUOTE}?(?:\s{{0,8}}=\s{{0,8}}{_QUOTE}?|\s{{0,8}}:\s{{0,8}}{_QUOTE}))(?!\[)"
        rf"(?!(?i:bearer|basic)\s){_BARE}{{6,}}",
        rf"\1{SECRET}",
        everywhere=True,
        hints=("key", "pass", "pwd", "secret", "authorization", "token"),
        collector=rf"{_NAMES}{_QUOTE}?(?:\s{{0,8}}=\s{{0,8}}{_QUOTE}?|\s{{0,8}}:\s{{0,8}}{_QUOTE}){_BARE}{{6,}}",
    ),
    Pattern(
        "assignment in prose",
        rf"({_NAMES}\s{{0,4}}:\s{{0,4}})(?!\[){_BARE}{{6,}}",
        rf"\1{SECRET}",
        everywhere=True,
        hints=("key", "pass", "pwd", "secret", "authorization", "token"),
        check=_checks.has_digit,
        collector=rf"{_NAMES}\s{{0,4}}:\s{{0,4}}(?:{_WORDS}{{5,64}}[0-9]|{_WORDS}{{0,64}}[0-9]{_BARE}{{5,}})",
    ),
)
"""Applied to everything that leaves the process."""

PERSONAL: Final = (
    Pattern(
        "IBAN",
        r"[A-Z]{2}(?<![A-Za-z0-9][A-Z]{2})\d{2}(?: ?[A-Z0-9]){11,30}",
        "[IBAN REDACTED]",
        check=_checks.iban,
    ),
    Pattern(
        "card number",
        r"\d(?<![\d.]\d)(?:\d{12,18}|\d{3}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{3}([ -])\d{6}\2\d{4,5})(?!\d)",
        "[CARD REDACTED]",
        check=_checks.card,
        # Grouped, or of an issuer's range: no check digit there.
        # Grouped, or of an issuer's range and behind no dot (0.4111111111111111 is a score): no check digit there.
        collector=r"\b(?:\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}|3[47]\d{2}[ -]\d{6}[ -]\d{5})\b|"
        r"(?:\A|[^.\w])(?:(?:4\d{3}|5[1-5]\d{2}|6011|65\d{2})\d{12}|3[47]\d{13})\b",
    ),
    Pattern(
        "SSN",
        r"\d(?<!\d\d)\d{2}-\d{2}-\d{4}(?!\d)",
        "[SSN REDACTED]",
        hints=("-",),
        collector=r"\b\d{3}-\d{2}-\d{4}\b",
    ),
    Pattern(
        "e-mail address",
        r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])",
        "[EMAIL REDACTED]",
        hints=("@",),
    ),
    # "+" and a country code, or the North American spellings with their separators. Bare digits are no phone.
    Pattern(
        "phone number",
        r"\+(?<![\w+.-]\+)\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]?\d{2,4}){1,4}(?![\w-]|\.\d)",
        "[PHONE REDACTED]",
        hints=("+",),
    ),
    Pattern(
        "North American phone number",
        r"[(\d](?<![\w+.-][(\d])(?:(?<=\()\d{3}\) ?\d{3}[ .-]\d{4}|(?<!\()\d{2}([ .-])\d{3}\1\d{4})(?![\w-]|\.\d)",
        "[PHONE REDACTED]",
        hints=("-", ".", " "),
    ),
)
"""Applied to content and to the texts of exceptions."""

PATTERNS: Final = (*CREDENTIALS, *PERSONAL)
"""What a `ContentPolicy` redacts by default."""

SENSITIVE_NAME: Final = (
    r"(?i)(?:api[._-]?key|access[._-]?key|account[._-]?key|secret[._-]?key|private[._-]?key|connection[._-]?string|"
    r"passw(?:or)?d|passphrase|authorization|client[._-]?secret|(?:access|refresh|id|auth|session|bearer|security)"
    r"[._-]?token|(?:^|[._-])(?:token|secret|pwd|cookie|credentials?|x-amz-signature))\z"
)
"""RE2 for names (of attributes, of JSON's keys) whose text is a secret whatever it looks like."""
