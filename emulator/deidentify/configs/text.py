"""The TextConfig of a request, v1 or v1beta1, as TextRules."""

from collections.abc import Sequence
from typing import Any

from emulator.deidentify.configs.key import secret_of
from emulator.deidentify.errors import ConfigError
from emulator.deidentify.text.info_types import ALL, DEFAULTS, may_be_info_type
from emulator.deidentify.text.rules import TextRules
from emulator.deidentify.text.transformations import CryptoHash, DateShift, Mask, Redact, Replace, Transformation

Json = dict[str, Any]

_KINDS = (
    "redactConfig",
    "characterMaskConfig",
    "dateShiftConfig",
    "cryptoHashConfig",
    "replaceWithInfoTypeConfig",
)
REGIONAL = ("LOCATION", "ORGANIZATION_NAME")
"""InfoTypes that data has to leave its region for (discovery: useRegionalDataProcessing)."""
_DEPRECATED, _ADDITIONAL = "transformations", "additionalTransformations"


def parse(config: Json) -> TextRules:
    """The rules for text of a DeidentifyConfig; ConfigError for one that contradicts itself or names unknown infoTypes.

    Where it names no transformation, findings become their infoType in brackets, and dates are shifted by the profile
    BASIC of v1beta1, which beside the older DicomConfig and FhirConfig has to be asked for. The deprecated
    `transformations` stand alone: what they name no transformation for stays.
    """
    text = config.get("text") or {}
    rules = _rules(text, _base(config, text))
    if config.get("useRegionalDataProcessing"):
        return _regional(config, text, rules)
    return rules


def _base(config: Json, text: Json) -> TextRules:
    """What is done with findings that no transformation is named for."""
    if text.get(_DEPRECATED) or text.get("profileType") == "EMPTY":
        return TextRules.empty()
    is_old = config.get("dicom") is not None or config.get("fhir") is not None
    return TextRules.basic() if text.get("profileType") == "BASIC" or not is_old else TextRules(Replace())


def _rules(text: Json, base: TextRules) -> TextRules:
    if text.get(_DEPRECATED) and text.get(_ADDITIONAL):
        raise ConfigError(f"Only one of config.text.{_DEPRECATED} and config.text.{_ADDITIONAL} can be set.")
    field = _DEPRECATED if text.get(_DEPRECATED) else _ADDITIONAL
    given = text.get(field) or []
    named, default = _transformations(given, f"config.text.{field}")
    of = named if default is not None else {**base.of, **named}
    excluded = _info_types(text.get("excludeInfoTypes") or (), "config.text.excludeInfoTypes")
    return TextRules(base.default if default is None else default, of, frozenset(excluded), DEFAULTS)


def _transformations(given: Sequence[Json], field: str) -> tuple[dict[str, Transformation], Transformation | None]:
    """Transformations by infoType, and the one for all others; ConfigError for an infoType that has two.

    Sensitive Data Protection: InfoTypeTransformations has no more than one for an infoType.
    """
    named: dict[str, Transformation] = {}
    default: Transformation | None = None
    for number, each in enumerate(given):
        where = f"{field}[{number}]"
        how = _transformation(each, where)
        info_types = _info_types(each.get("infoTypes") or (), f"{where}.infoTypes", looked_for=True)
        if not info_types and default is not None:
            raise ConfigError(f"{where} is a second transformation without infoTypes, which is for all of them.")
        if twice := next((name for name in info_types if name in named), None):
            raise ConfigError(f"{where} is a second transformation for the infoType {twice}.")
        named |= dict.fromkeys(info_types, how)
        default = default if info_types else how
    return named, default


def _transformation(given: Json, where: str) -> Transformation:
    kinds = [kind for kind in _KINDS if given.get(kind) is not None]
    if len(kinds) != 1:
        raise ConfigError(f"{where} must have exactly one of {', '.join(_KINDS)}.")
    kind, config = kinds[0], given[kinds[0]]
    match kind:
        case "characterMaskConfig":
            return _mask(config, f"{where}.{kind}")
        case "dateShiftConfig":
            return DateShift(secret_of(config, f"{where}.{kind}"))
        case "cryptoHashConfig":
            return CryptoHash(secret_of(config, f"{where}.{kind}"))
    return Redact() if kind == "redactConfig" else Replace()


def _mask(config: Json, where: str) -> Mask:
    character = config.get("maskingCharacter") or "*"
    if len(character) != 1:
        raise ConfigError(f"Invalid {where}.maskingCharacter: it must be one character.")
    return Mask(character)


def _info_types(names: Sequence[str], field: str, *, looked_for: bool = False) -> Sequence[str]:
    """The infoTypes of a list; ConfigError for what is none by its formand those that there are no rules for."""
    for name in names:
        if not may_be_info_type(name):
            raise ConfigError(f'Invalid {field}: "{name[:100]}" is not the name of an infoType.')
        if looked_for and name not in ALL:
            raise ConfigError(
                f"{field}: the emulator has no rules for {name}. It has: {', '.join(sorted(ALL))}.", unknown=True
            )
    return names


def _regional(config: Json, text: Json, rules: TextRules) -> TextRules:
    """The rules without infoTypes that need data to leave its region; 400 where they are asked for."""
    for number, each in enumerate(text.get(_DEPRECATED) or text.get(_ADDITIONAL) or []):
        if asked := next((name for name in REGIONAL if name in (each.get("infoTypes") or ())), None):
            field = _DEPRECATED if text.get(_DEPRECATED) else _ADDITIONAL
            raise ConfigError(
                f"config.useRegionalDataProcessing is not compatible with the infoType {asked} of "
                f"config.text.{field}[{number}]."
            )
    is_new = config.get("dicomTagConfig") is not None or config.get("fhirFieldConfig") is not None
    if not is_new and rules.transformation("LOCATION") is not None:
        raise ConfigError(
            "config.useRegionalDataProcessing needs LOCATION among config.text.excludeInfoTypes, because it is not "
            "compatible with that infoType."
        )
    return TextRules(rules.default, rules.of, rules.excluded | {*REGIONAL}, rules.info_types)
