"""FhirConfig (v1) and FhirFieldConfig (v1beta1) of a request as FhirRules."""

from typing import Any

from emulator.deidentify.configs.key import secret_of
from emulator.deidentify.errors import ConfigError
from emulator.deidentify.fhir.rules import LISTED_TYPES, SUPPORTED, Action, FhirRules, FieldRule, basic, clean_all

Json = dict[str, Any]
_OLD = {
    "TRANSFORM": Action.TRANSFORM,
    "INSPECT_AND_TRANSFORM": Action.CLEAN,
    "DO_NOT_TRANSFORM": Action.KEEP,
    "ACTION_UNSPECIFIED": Action.KEEP,
}
_NEW = {
    "keepField": Action.KEEP,
    "removeField": Action.REMOVE,
    "cleanTextField": Action.CLEAN,
    "characterMaskField": Action.MASK,
    "cryptoHashField": Action.HASH,
    "dateShiftField": Action.SHIFT,
}
_KEEP_ALL, _CLEAN_ALL = "KEEP_ALL", "CLEAN_ALL"


def parse(config: Json) -> FhirRules:
    """The rules for FHIR of a DeidentifyConfig; ConfigError for a config that contradicts itself or names no field.

    Without any, and with a FhirConfig that lists no fields, they are those of the profile BASIC.
    """
    old, new = config.get("fhir"), config.get("fhirFieldConfig")
    if old is not None and new is not None:
        raise ConfigError("Only one of config.fhir and config.fhirFieldConfig can be set.")
    return _fhir_config(old or {}) if new is None else _field_config(new)


def _fhir_config(config: Json) -> FhirRules:
    given = config.get("fieldMetadataList") or []
    rules = tuple(
        _rule(_OLD[each.get("action") or "ACTION_UNSPECIFIED"], each, f"config.fhir.fieldMetadataList[{number}]")
        for number, each in enumerate(given)
    )
    keeps = bool(config.get("defaultKeepExtensions"))
    return FhirRules(
        rules or basic(), keep_extensions=keeps, regenerate_uids=None if rules else True, cap_ages=not rules
    )


def _field_config(config: Json) -> FhirRules:
    """The rules of a FhirFieldConfig: its own before those of its profile, which is BASIC where none is said."""
    options, profile = config.get("options") or {}, config.get("profileType")
    where = "config.fhirFieldConfig"
    own = tuple(_field(each, f"{where}.fieldMetadataList[{n}]") for n, each in enumerate(_listed(config)))
    of_profile = () if profile == _KEEP_ALL else clean_all() if profile == _CLEAN_ALL else basic()
    return FhirRules(
        own + of_profile,
        keep_extensions=options.get("keepExtensions") is not None,
        regenerate_uids=None if profile == _KEEP_ALL else True,
        cap_ages=profile not in (_KEEP_ALL, _CLEAN_ALL),
        contextual=options.get("contextualDeid") is not None,
        mask=_mask(options.get("characterMaskConfig") or {}, f"{where}.options.characterMaskConfig"),
        hash_secret=secret_of(options.get("cryptoHashConfig") or {}, f"{where}.options.cryptoHashConfig"),
        date_secret=secret_of(options.get("dateShiftConfig") or {}, f"{where}.options.dateShiftConfig"),
    )


def _listed(config: Json) -> list[Json]:
    return config.get("fieldMetadataList") or []


def _field(given: Json, where: str) -> FieldRule:
    kinds = [kind for kind in _NEW if given.get(kind) is not None]
    if len(kinds) != 1:
        raise ConfigError(f"{where} must have exactly one of {', '.join(_NEW)}.")
    action = _NEW[kinds[0]]
    for path in given.get("paths") or []:
        last = path.rpartition(".")[2]
        if action in SUPPORTED and last in LISTED_TYPES - SUPPORTED[action]:
            allowed = ", ".join(sorted(SUPPORTED[action]))
            raise ConfigError(f"Invalid {where}: {kinds[0]} is not for {last}. It is for {allowed}.")
    return _rule(action, given, where)


def _rule(action: Action, given: Json, where: str) -> FieldRule:
    if not given.get("paths"):
        raise ConfigError(f"{where}.paths is required: which fields are meant, as Patient.name or HumanName.")
    try:
        return FieldRule.of(action, given["paths"])
    except ValueError as problem:
        raise ConfigError(f"Invalid {where}.paths: {problem}") from None


def _mask(config: Json, where: str) -> str:
    character = config.get("maskingCharacter") or "*"
    if len(character) != 1:
        raise ConfigError(f"Invalid {where}.maskingCharacter: it must be one character.")
    return str(character)
