"""DicomConfig (v1) and DicomTagConfig (v1beta1) of a request as DicomRules."""

from collections.abc import Callable
from typing import Any

from emulator.deidentify.dicom import tables
from emulator.deidentify.dicom.rules import TEXT_VRS, Action, DicomRules, Profile, TagAction, Tags
from emulator.deidentify.errors import ConfigError
from emulator.dicom import dictionary

Json = dict[str, Any]

_ONE_OF = ("filterProfile", "keepList", "removeList")
_ACTIONS = {
    "keepTag": Action.KEEP,
    "removeTag": Action.EMPTY,
    "deleteTag": Action.DELETE,
    "resetTag": Action.DUMMY,
    "cleanTextTag": Action.TEXT,
    "recurseTag": Action.RECURSE,
    "regenUidTag": Action.UID,
}
_IMAGE = "cleanImageTag"
_VRS = {"cleanTextTag": TEXT_VRS, "recurseTag": frozenset(("SQ",)), "regenUidTag": frozenset(("UI",))}
"""The VRs that an action supports, where these are not all (Cloud Healthcare: Action)."""
_REMOVING = ("removeTag", "deleteTag", "resetTag")
_PIXEL_DATA = "7FE00010"


def parse(config: Json) -> DicomRules:
    """The rules for DICOM of a DeidentifyConfig; ConfigError for one that contradicts itself or names no attribute.

    Without any, all attributes are kept and the UIDs of studies, series and instances are regenerated.
    """
    old, new = config.get("dicom"), config.get("dicomTagConfig")
    if old is not None and new is not None:
        raise ConfigError("Only one of config.dicom and config.dicomTagConfig can be set.")
    if new is not None:
        return _tag_config(new)
    return _dicom_config(old or {})


def _dicom_config(config: Json) -> DicomRules:
    given = [field for field in _ONE_OF if config.get(field) is not None]
    if len(given) > 1:
        raise ConfigError(
            f"Invalid value at 'config.dicom' (oneof): {given[0]} is set, so {given[1]} cannot be set, too."
        )
    keep_ids = bool(config.get("skipIdRedaction"))
    if "keepList" in given:
        return DicomRules(Profile.KEEP_LIST, _tags(config["keepList"], "config.dicom.keepList.tags"), keep_ids)
    if "removeList" in given:
        return DicomRules(Profile.REMOVE_LIST, _remove_list(config["removeList"]), keep_ids)
    return DicomRules(_profile(config.get("filterProfile"), Profile.KEEP_ALL), keep_ids=keep_ids)


def _profile(name: str | None, otherwise: Profile) -> Profile:
    return otherwise if not name or name.endswith("_UNSPECIFIED") else Profile(name)


def _tags(given: Json, field: str) -> Tags:
    return _named(lambda: Tags.parse(given.get("tags") or []), field)


def _named(read: Callable[[], Tags], field: str) -> Tags:
    try:
        return read()
    except ValueError as problem:
        raise ConfigError(f"Invalid {field}: {problem}.") from None


def _remove_list(given: Json) -> Tags:
    """A remove list with OverlayData, which Google adds; ConfigError for what every keep list has by default."""
    found = _tags(given, "config.dicom.removeList.tags")
    for name in given.get("tags") or []:
        if any(Tags.parse([name]).has(tag) for tag in tables.keep_by_default()):
            raise ConfigError(f'Invalid config.dicom.removeList.tags: "{name[:100]}" is kept by default.')
    return Tags(found.tags | Tags.parse(["OverlayData"]).tags)


def _tag_config(config: Json) -> DicomRules:
    """The rules of a DicomTagConfig, whose unspecified profile is the Basic one."""
    options = config.get("options") or {}
    actions = [_action(each, number) for number, each in enumerate(config.get("actions") or [], 1)]
    return DicomRules(
        _profile(config.get("profileType"), Profile.BASIC),
        keep_ids=options.get("primaryIds") == "KEEP",
        clean_descriptors=options.get("cleanDescriptors") is not None,
        actions=tuple(each for each in actions if each is not None),
    )


def _action(given: Json, number: int) -> TagAction | None:
    """One action; None for that on pixels, which is no matter of attributes."""
    where = f"config.dicomTagConfig.actions[{number - 1}]"
    kinds = [kind for kind in (*_ACTIONS, _IMAGE) if given.get(kind) is not None]
    if len(kinds) != 1:
        raise ConfigError(f"{where} must have exactly one of {', '.join((*_ACTIONS, _IMAGE))}.")
    queries = given.get("queries") or []
    if not queries:
        raise ConfigError(f"{where}.queries is required: tags, keywords or VRs.")
    tags = _named(lambda: Tags.parse(queries, vrs=True), f"{where}.queries")
    for query in queries:
        if problem := _problem(kinds[0], query):
            raise _unfit(where, kinds[0], query, problem)
    return None if kinds[0] == _IMAGE else TagAction(_ACTIONS[kinds[0]], tags)


def _problem(kind: str, query: str) -> str:
    """Why an action can't be applied to what a query selects, "" where it can."""
    tags = Tags.parse([query], vrs=True)
    if kind == _IMAGE:
        return "" if tags.tags == {_PIXEL_DATA} else "it is for PixelData only"
    if kind in _REMOVING and any(f"{tag:08X}" in tags.tags for tag in tables.required()):
        return "no instance can be without it"
    allowed = _VRS.get(kind)
    if allowed and not any(vr in allowed for vr in _vrs(tags)):
        return f"it is for the VRs {', '.join(sorted(allowed))} only"
    return ""


def _vrs(tags: Tags) -> list[str]:
    """The VRs of what is selected; of private attributes all are possible."""
    found = list(tags.vrs)
    for tag in tags.tags:
        entry = None if "x" in tag else dictionary.entry(int(tag, 16))
        found += entry[0].split(" or ") if entry else [*TEXT_VRS, "SQ", "UI"]
    return found


def _unfit(where: str, kind: str, query: str, problem: str) -> ConfigError:
    return ConfigError(f'Invalid {where}: {kind} cannot be applied to "{query[:100]}", {problem}.')
