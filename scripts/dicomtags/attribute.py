"""All that is known of one attribute, as the JSON that `tags --json` prints."""

from __future__ import annotations

from typing import Any

from scripts.dicomtags import cloud, confidentiality, dictionary, standard
from scripts.dicomtags.dictionary import Entry

Json = dict[str, Any]


def brief(entry: Entry) -> Json:
    """The row of the registry: tag, keyword, name, vr (a list), vm, retired."""
    return {
        "tag": entry.shown,
        "keyword": entry.keyword,
        "name": entry.name,
        "vr": list(entry.vrs),
        "vm": entry.vm,
        "retired": entry.retired,
    }


def facts(entry: Entry) -> Json:
    """What `tags` tells of a public attribute.

    To `brief` come meaning, deidentification (null: PS3.15 leaves it), qido by level, bigquery (null: no column) and
    modules: each with the type, the sequences whose items have the attribute, and the IODs that use the module.
    """
    return {
        **brief(entry),
        "meaning": standard.meaning(entry.tag),
        "deidentification": deidentification(entry.tag),
        "qido": cloud.qido(entry.example),
        "bigquery": cloud.column(entry) if entry.keyword else cloud.private_column(),
        "modules": [_place(place) for place in standard.places(entry.keyword)] if entry.keyword else [],
    }


def _place(place: standard.Place) -> Json:
    uses = standard.uses_of(place.module.key)
    return {
        "module": place.module.name,
        "type": place.type,
        "sequences": list(place.sequences),
        "iods": [{"iod": iod.name, "usage": use.usage} for iod, use in uses],
    }


def private_facts(tag: str) -> Json:
    """What `tags` tells of a private tag: the meanings that known creators give it, all else as for any private one."""
    return {
        "tag": dictionary.shown(tag),
        "private": True,
        "creator_element": dictionary.is_private_creator(tag),
        "known": [
            {"creator": each.creator, "name": each.name, "vr": each.vr, "vm": each.vm}
            for each in dictionary.private_entries(tag)
        ],
        "deidentification": deidentification(tag),
        "qido": cloud.qido(tag),
        "bigquery": cloud.private_column(),
    }


def deidentification(tag: str) -> Json | None:
    """PS3.15 Table E.1-1: action and words of the Basic Profile, and of each option that has its own; null: no row.

    `options` is null where the row is newer than the table which the options are of.
    """
    rule = confidentiality.rule_of(tag)
    if rule is None:
        return None
    options = rule.options
    return {
        "action": rule.action,
        "words": rule.words,
        "edition": confidentiality.edition("actions"),
        "options": None if options is None else {confidentiality.OPTIONS[key]: options[key] for key in options},
        "options_edition": confidentiality.edition("options"),
    }
