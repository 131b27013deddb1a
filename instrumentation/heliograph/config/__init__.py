"""`heliograph.yaml`: every threshold, window, channel and retention time, and the files rendered from it."""

from heliograph.config._errors import ConfigError
from heliograph.config._load import load
from heliograph.config._model import Config
from heliograph.config._render import render

__all__ = ["Config", "ConfigError", "load", "render"]
