"""Errors as OpenAI's API reports them.

The shape (`error.message`, `type`, `param`, `code`) and the wording follow
https://platform.openai.com/docs/guides/error-codes and what the API answers.
"""

from __future__ import annotations

from typing import Any

__all__ = ["ApiError", "invalid", "missing", "wrong_type"]


class ApiError(Exception):
    """A refusal: HTTP status, OpenAI's error body, and headers of its own."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.param = param
        self.code = code
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """Return the JSON object of the answer."""
        return {"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}}


def missing(param: str) -> ApiError:
    """Return the 400 for a parameter that must be there."""
    return ApiError(400, f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def wrong_type(param: str, expected: str, value: object) -> ApiError:
    """Return the 400 for a parameter of the wrong JSON type."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", int: "an integer"}
    got = "null" if value is None else names.get(type(value), "a decimal")
    message = f"Invalid type for '{param}': expected {expected}, but got {got} instead."
    return ApiError(400, message, param=param, code="invalid_type")


def invalid(param: str, why: str, *, code: str = "invalid_value") -> ApiError:
    """Return the 400 for a value that is not allowed."""
    return ApiError(400, f"Invalid value for '{param}': {why}", param=param, code=code)
