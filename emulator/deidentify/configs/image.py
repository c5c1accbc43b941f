"""The ImageConfig of a request, wherever it stands, as ImageRules and the TextRules that say what is sensitive."""

from collections.abc import Sequence
from typing import Any

from emulator.deidentify.configs.text import REGIONAL
from emulator.deidentify.errors import ConfigError
from emulator.deidentify.image import ImageRules, Mode
from emulator.deidentify.text.info_types import ALL, DEFAULTS
from emulator.deidentify.text.rules import TextRules
from emulator.deidentify.text.transformations import Replace
from emulator.patterns import Pattern

Json = dict[str, Any]

_SENSITIVE = (Mode.SENSITIVE, Mode.SENSITIVE_AND_DESCRIPTORS)


def parse(config: Json) -> tuple[ImageRules, TextRules]:
    """What becomes of text in pixels by a DeidentifyConfig, and what counts as sensitive there; nothing without any.

    ConfigError for a config that contradicts itself, or names infoTypes that are not looked for.
    """
    given, field = _image_config(config)
    mode = _mode(given.get("textRedactionMode"))
    added, excluded = given.get("additionalInfoTypes") or [], given.get("excludeInfoTypes") or []
    if added and mode is Mode.ALL:
        raise ConfigError(f"{field}.additionalInfoTypes cannot be used with {Mode.ALL}.")
    if excluded and mode not in _SENSITIVE:
        raise ConfigError(f"{field}.excludeInfoTypes can be used with {' and '.join(_SENSITIVE)} only.")
    if unknown := next((name for name in added if name not in ALL), None):
        raise ConfigError(f"{field}.additionalInfoTypes: the emulator has no rules for {unknown[:100]}.", unknown=True)
    rules = ImageRules(mode, frozenset(excluded), _expressions(given.get("customRegexes") or [], field))
    outside = frozenset(REGIONAL if config.get("useRegionalDataProcessing") else ())
    return rules, TextRules(Replace(), excluded=outside, info_types=DEFAULTS | frozenset(added))


def _image_config(config: Json) -> tuple[Json, str]:
    """The ImageConfig that counts and the field that it is in: the last action's, the option's, or the older one."""
    tags = config.get("dicomTagConfig") or {}
    for number, action in reversed(list(enumerate(tags.get("actions") or []))):
        if (found := action.get("cleanImageTag")) is not None:
            return found, f"config.dicomTagConfig.actions[{number}].cleanImageTag"
    if (found := (tags.get("options") or {}).get("cleanImage")) is not None:
        return found, "config.dicomTagConfig.options.cleanImage"
    return config.get("image") or {}, "config.image"


def _mode(name: str | None) -> Mode:
    return Mode.NONE if not name or name.endswith("_UNSPECIFIED") else Mode(name)


def _expressions(given: Sequence[Json], field: str) -> list[Pattern]:
    return [_expression(each, f"{field}.customRegexes[{number}]") for number, each in enumerate(given)]


def _expression(given: Json, field: str) -> Pattern:
    try:
        return Pattern(given.get("pattern") or "")
    except ValueError as problem:
        raise ConfigError(f"Invalid {field}.pattern: {problem}.") from None
