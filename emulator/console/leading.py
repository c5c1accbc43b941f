"""The page of what has a name, wherever a name is met: in a form, in a message, in the audit log."""

from __future__ import annotations

import re

from emulator.console.layout import url

_STORE = r"(?P<store>projects/[^/]+/locations/[^/]+/datasets/[^/]+/{kind}/[^/]+)"
_FORMS = tuple(
    (re.compile(form), page)
    for form, page in (
        (_STORE.format(kind="dicomStores") + r"/dicomWeb/studies/(?P<study>[0-9.]+)(/.*)?", "study"),
        (_STORE.format(kind="dicomStores") + "(/dicomWeb.*)?", "studies"),
        (_STORE.format(kind="fhirStores") + r"/fhir/(?P<type>[A-Za-z]+)/(?P<id>[A-Za-z0-9.-]+)(/.*)?", "resource"),
        (_STORE.format(kind="fhirStores") + r"(/fhir(/(?P<type>[A-Za-z]+))?)?", "resources"),
        (rf"(?P<name>{_STORE.format(kind='hl7V2Stores')}/messages/[^/]+)", "message"),
        (_STORE.format(kind="hl7V2Stores") + "(/messages)?", "hl7v2"),
        (_STORE.format(kind="consentStores") + "(/.*)?", "consents"),
        (r"(gs://|projects/_/buckets/)(?P<bucket>[^/]+)(/.*)?", "objects"),
        ("(?P<topic>projects/[^/]+/(topics|subscriptions)/[^/]+)", "topic"),
        ("projects/(?P<project>[^/]+)", ""),
    )
)


def address(name: str) -> str | None:
    """The address of the page that shows what has a name; None where the console shows no such thing."""
    for form, page in _FORMS:
        if found := form.fullmatch(name):
            named = ("store", "study", "type", "id", "name", "bucket", "topic", "project")
            values = found.groupdict()
            if page == "message":
                del values["store"]
            return url(page, **{key: values[key] for key in named if values.get(key)})
    return None
