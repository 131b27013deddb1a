"""`heliograph.yaml`: every threshold, window, channel and retention time, and the files rendered from it."""

from heliograph.config._errors import ConfigError
from heliograph.config._load import load, load_for_canary, load_for_meter
from heliograph.config._model import CanaryPart, Config, MeterPart
from heliograph.config._render import render

__all__ = ["CanaryPart", "Config", "ConfigError", "MeterPart", "load", "load_for_canary", "load_for_meter", "render"]
