"""What is redacted: one list, for the application and, rendered as RE2, for the collector.

The formats of keys are those their issuers document, or have published for secret scanning. An expression is
written twice only where Python and RE2 differ; RE2 has no look-around and cannot compute check digits.

Every expression is linear: what repeats is bounded, possessive, or starts where nothing of its kind precedes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from heliograph.guard import _checks

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COLLECTOR_NAMES", "CREDENTIALS", "PATTERNS", "PERSONAL", "SECRET", "SENSITIVE_NAME", "Pattern"]

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
    `collector`: the same in RE2; nothing where the collector does not look for it. Go skips to the literal that an
    expression starts with, and creeps (ten times slower) where there is none: hence one for each beginning.
    """

    name: str
    expression: str
    replacement: str
    everywhere: bool = False
    hints: tuple[str, ...] = ()
    check: Callable[[str], int] | None = None
    collector: tuple[str, ...] = ()
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


def _key(name: str, prefix: str, rest: str, *, then: str = _KEY, collector: str = "") -> Pattern:
    r"""Make the pattern of a key that starts with a literal `prefix`.

    Not within a word ("task-…" is no "sk-…"), though possibly after an escape of JSON or a URL: `\nsk-`, `%3Dsk-`.
    The prefix comes first in Python's expression, as it is what the search can skip to. RE2 cannot look back, so
    the collector finds keys within words, too; where that would hit words, `collector` is its `rest`.
    """
    literal = re.escape(prefix)
    start = rf"(?:(?<![A-Za-z0-9]{literal})|(?<=\\[nrt]{literal})|(?<=%[0-9A-Fa-f][0-9A-Fa-f]{literal}))"
    return Pattern(
        name,
        expression=f"{literal}{start}{rest}",
        replacement=then,
        everywhere=True,
        hints=(prefix.lower(),),
        collector=(f"{literal}{collector or rest}".replace(r"\-", "-"),),
    )


# The first letters apart, and sensitive to case: what an expression starts with is what the search skips to.
_NAMES: Final = (
    r"[aApPsStT](?i:pi[_-]?key|ccess[_-]?key|ccount[_-]?key|ecret[_-]?key|rivate[_-]?key|hared[_-]?access[_-]?key|"
    r"assword|asswd|assphrase|wd|ecret|uthorization|oken)"
)
_QUOTE: Final = r"(?:\\*[\"'])"
_WORDS: Final = r"[^\s\"'\\,;&<>()\[\]{}*0-9]"
_BARE: Final = r"[^\s\"'\\,;&<>()\[\]{}*]"
_IS: Final = rf"{_QUOTE}?(?:\s{{0,8}}=\s{{0,8}}{_QUOTE}?|\s{{0,8}}:\s{{0,8}}{_QUOTE})"
_CREDENTIAL: Final = r"(?:\s|%20|\+){1,4}[A-Za-z._~+/-]{0,64}[0-9][A-Za-z0-9._~+/=-]{7,}"
_SCHEME: Final = rf"{_QUOTE}?\s{{0,4}}[:=,]\s{{0,4}}{_QUOTE}?(?i:bearer|basic|token|digest)\s{{1,4}}"
_HEADER: Final = r"[^\s\"'\\,\[\]]{6,}"
_PARAMETERS: Final = (
    r"(?i:api[_-]?key|key|token|access_token|id_token|refresh_token|sig|signature|x-amz-signature|"
    r"x-amz-security-token|x-goog-signature|password|client_secret|code)"
)
_ARGUMENT: Final = r"[^\s&#\"'\\<>\[]{6,}"

# The collector's spelling of names and of what follows them.
_BEGINNINGS: Final = (
    *("api[_-]?[kK]ey", "API[_-]?KEY", "Api[_-]?[kK]ey", "ccess[_-]?[kK]ey", "CCESS_KEY", "ccount[_-]?[kK]ey"),
    *("ecret(?:[_-]?(?:[aA]ccess[_-]?)?[kK]ey)?", "ECRET(?:_(?:ACCESS_)?KEY)?", "rivate[_-]?[kK]ey", "RIVATE_KEY"),
    *("assword", "ASSWORD", "asswd", "ASSWD", "assphrase", "ASSPHRASE", "pwd", "Pwd", "PWD", "oken", "OKEN"),
    *("uthorization", "UTHORIZATION"),
)
_ASSIGNED: Final = (
    rf"(?:{_IS}{_BARE}{{6,}}|\s{{0,4}}:\s{{0,4}}(?:{_WORDS}{{5,64}}[0-9]|{_WORDS}{{0,64}}[0-9]{_BARE}{{5,}}))"
)

CREDENTIALS: Final = (
    Pattern(
        "private key",
        # Up to its end or, where that was cut off, to the end of the text.
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----))*+(?:-----END[^-]{0,60}-----)?",
        "[PRIVATE KEY REDACTED]",
        everywhere=True,
        hints=("private key",),
        collector=(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-[^-])*(?:-----END[^-]{0,60}-----)?",
        ),
    ),
    # OpenAI, Anthropic, OpenRouter, DeepSeek, LiteLLM, Langfuse (secret): "sk-", maybe words, then what no word is.
    _key(
        "sk- key",
        "sk-",
        r"[a-z_-]{0,48}[0-9A-Z][A-Za-z0-9_-]{15,}",
        # "task-" and a UUID has no 20 characters without a dash.
        collector=r"(?:(?:proj|ant|svcacct|or-v1|lf)-[A-Za-z0-9_-]{16,}|[A-Za-z0-9_]{20,})",
    ),
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
        collector=(r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{16,}",),
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
        r"eyJ(?:(?<![A-Za-z0-9_-]eyJ)|(?<=\\[nrt]eyJ)|(?<=%[0-9A-Fa-f][0-9A-Fa-f]eyJ))"
        r"[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){0,3}",
        _TOKEN,
        everywhere=True,
        hints=("eyj",),
        collector=(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,3}",),
    ),
    Pattern(
        "bearer token",
        # A digit near its beginning: what tells a token from "Bearer responsibilities".
        rf"([bB](?i:earer|asic)){_CREDENTIAL}",
        rf"\1 {_TOKEN}",
        everywhere=True,
        hints=("bearer", "basic"),
        collector=tuple(f"{word}{_CREDENTIAL}" for word in ("earer", "EARER", "asic", "ASIC")),
    ),
    Pattern(
        "authorization header",
        rf"([aA](?i:uthorization){_SCHEME}){_HEADER}",
        rf"\1{_TOKEN}",
        everywhere=True,
        hints=("authorization",),
        collector=tuple(f"{word}{_SCHEME}{_HEADER}" for word in ("uthorization", "UTHORIZATION")),
    ),
    Pattern(
        "password in a URL",
        r"://([^\s/@:\"'<>]{0,128}):(?!\[PASSWORD REDACTED\]@)[^\s/\"'<>]{1,256}@",
        rf"://\1:{_PASSWORD}@",
        everywhere=True,
        hints=("://",),
        collector=(r"://[^\s/@:\"'<>]{0,128}:[^\s/\"'<>]{1,256}@",),
    ),
    Pattern(
        "secret in a query",
        rf"([?&]{_PARAMETERS}=){_ARGUMENT}",
        rf"\1{SECRET}",
        everywhere=True,
        hints=("key=", "token=", "sig=", "signature=", "password=", "secret=", "code="),
        collector=tuple(f"{mark}{_PARAMETERS}={_ARGUMENT}" for mark in (r"\?", "&")),
    ),
    Pattern(
        # token=…, "password": "…", API_KEY: …; after a colon without quotes only what contains a digit.
        "assignment",
        rf"({_NAMES}{_IS})(?!\[)"
        rf"(?!(?i:bearer|basic)\s){_BARE}{{6,}}",
        rf"\1{SECRET}",
        everywhere=True,
        hints=("key", "pass", "pwd", "secret", "authorization", "token"),
        collector=tuple(f"{name}{_ASSIGNED}" for name in _BEGINNINGS),
    ),
    Pattern(
        "assignment in prose",
        rf"({_NAMES}\s{{0,4}}:\s{{0,4}})(?!\[){_BARE}{{6,}}",
        rf"\1{SECRET}",
        everywhere=True,
        hints=("key", "pass", "pwd", "secret", "authorization", "token"),
        check=_checks.has_digit,
        # Part of the above: one look for both.
    ),
)
"""Applied to everything that leaves the process."""

# What may stand before a number, for the collector.
_BEFORE: Final = (r"\A", " ", r"\n", r"\t", r"\\n", ":", "=", ",", "#", r"\(", '"', "'")
_NUMBERS: Final = (
    r"\d{3}-\d{2}-\d{4}|\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}|3[47]\d{2}[ -]\d{6}[ -]\d{5}|"
    r"(?:4\d{3}|5[1-5]\d{2}|6011|65\d{2})\d{12}|3[47]\d{13}"
)

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
        # Grouped, or of an issuer's range: no check digits there. Never behind a dot: 0.4111111111111111 is a score.
        collector=tuple(rf"{before}(?:{_NUMBERS})\b" for before in _BEFORE),
    ),
    Pattern(
        "SSN",
        r"\d(?<!\d\d)\d{2}-\d{2}-\d{4}(?!\d)",
        "[SSN REDACTED]",
        hints=("-",),
        # Part of the above: one look for both.
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
    r"(?i)(?:(?:api|access|account|secret|private)[._-]?key|connection[._-]?string|passw(?:or)?d|passphrase|"
    r"authorization|credentials?|cookie|secret|pwd|x-amz-signature|"
    r"(?:^|(?:access|api|auth|bearer|csrf|id|refresh|security|session)[._-]?)token)\Z"
)
"""Names (of attributes, of JSON's keys) whose text is a secret whatever it looks like."""

COLLECTOR_NAMES: Final = (
    *(r"api[._-]?[kK]ey\z", r"Api[._-]?[kK]ey\z", r"API_KEY\z", r"ccess[._-]?[kK]ey\z", r"CCESS_KEY\z"),
    *(r"ccount[._-]?[kK]ey\z", r"ecret[._-]?[kK]ey\z", r"ECRET_KEY\z", r"rivate[._-]?[kK]ey\z", r"RIVATE_KEY\z"),
    *(r"onnection[._-]?[sS]tring\z", r"assw(?:or)?d\z", r"ASSW(?:OR)?D\z", r"assphrase\z", r"uthorization\z"),
    *(r"UTHORIZATION\z", r"redentials?\z", r"ookie\z", r"ecret\z", r"ECRET\z", r"pwd\z", r"PWD\z"),
    *(r"x-amz-signature\z", r"\A[tT]oken\z", r"ccess[._-]?[tT]oken\z", r"CCESS_TOKEN\z", r"api[._-]?[tT]oken\z"),
    *(r"API_TOKEN\z", r"uth[._-]?[tT]oken\z", r"UTH_TOKEN\z", r"earer[._-]?[tT]oken\z", r"csrf[._-]?[tT]oken\z"),
    *(r"id[._-]?[tT]oken\z", r"efresh[._-]?[tT]oken\z", r"ecurity[._-]?[tT]oken\z", r"ession[._-]?[tT]oken\z"),
)
"""The same in RE2, one for each beginning. A number called so is masked there, too."""
