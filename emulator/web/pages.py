"""The viewer's page with its configuration, and the pages around it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import orjson

from emulator.gateway.request import Response

CONFIGURATION_PATH = "/app-config.js"
ROUTES = frozenset(
    (
        *("", "viewer", "basic", "segmentation", "microscopy", "tmtv", "dynamic-volume", "usAnnotation"),
        *("notfoundserver", "notfoundstudy"),
    )
)
"""First segments of the addresses that OHIF's page shows: its modes' `routeName`, and its own."""
STUDIES = 5000
"""How many studies a search gives at most (Cloud Healthcare: DICOM limits, QIDO)."""
# The page may load from and talk to this origin only: what it shows can't leave the machine. OHIF writes styles
# inline, makes functions of text, and starts its workers from blobs.
_POLICY = (
    "default-src 'self' blob: data: 'unsafe-inline' 'unsafe-eval'; frame-ancestors 'none'; form-action 'none';"
    " base-uri 'none'; object-src 'none'"
)
_HTML = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": _POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_REFUSED = (
    "<!doctype html><title>Viewer</title><p>This address shows a DICOM store to those who come by a fresh link:"
    " run <code>python -m scripts view</code> and follow the one it prints.<p>What else the emulator holds is in its"
    ' <a href="/_emulator/console/">console</a>.'
)
# Not a redirect: a browser that came from another site would follow one without its new SameSite=Strict cookie.
_ENTERED = '<!doctype html><title>Viewer</title><meta http-equiv="refresh" content="0; url=%s"><a href="%s">Viewer</a>'


def is_route(raw_path: str) -> bool:
    """Whether OHIF's page answers that path by itself."""
    return raw_path[1:].split("/", 1)[0] in ROUTES


def page(html: bytes) -> Response:
    """OHIF's page."""
    return Response(200, _HTML, html)


def entered(cookie: str = "", study: str = "") -> Response:
    """A page that goes on to the viewer, at a study's UID if there is one, with the cookie of a new session."""
    address = f"/viewer?StudyInstanceUIDs={study}" if study else "/"
    headers = {**_HTML, "set-cookie": cookie} if cookie else _HTML
    return Response(200, headers, (_ENTERED % (address, address)).encode())


def refused(status: int) -> Response:
    """A page that says how to come in."""
    return Response(status, _HTML, _REFUSED.encode())


def configuration(store: str) -> Response:
    """OHIF's configuration for a store; its addresses have no host, so they are the page's own."""
    headers = {"content-type": "text/javascript; charset=utf-8", "cache-control": "no-store"}
    script = app_config(orjson.dumps(settings(f"/v1/{store}/dicomWeb")).decode())
    return Response(200, {**headers, "x-content-type-options": "nosniff"}, script.encode())


def app_config(configuration: str) -> str:
    """OHIF's app-config.js of a configuration as JSON, with the data source that the configuration names."""
    return f"window.config = {configuration};\n{_paging()}"


@cache
def _paging() -> str:
    return Path(__file__).with_name("paging.js").read_text()


def settings(root: str) -> dict[str, object]:
    """What OHIF must know about a store of Cloud Healthcare at a DICOMweb root.

    Each choice has its reason: frames come by WADO-RS only; thumbnails from `rendered`, fetched, because there is no
    `thumbnail`; bulk data, which palettes are, with Accept */*; values match exactly, but names may be fuzzy; the list
    turns pages by itself and asks once, for as many studies as a search gives, so `paging.js` asks for the rest.
    """
    return {
        "routerBasename": None,
        "extensions": [],
        "modes": [],
        "showStudyList": True,
        "maxNumberOfWebWorkers": 2,
        "investigationalUseDialog": {"option": "never"},
        "defaultDataSourceName": "dicomweb",
        "dataSources": [
            {
                "namespace": "healthcare-cloud-poc.dataSourcesModule.dicomweb",
                "sourceName": "dicomweb",
                "configuration": {
                    "friendlyName": "DICOM store",
                    "name": "store",
                    "qidoRoot": root,
                    "wadoRoot": root,
                    "imageRendering": "wadors",
                    "thumbnailRendering": "rendered",
                    "thumbnailRequestStrategy": "fetch",
                    "enableStudyLazyLoad": True,
                    "supportsFuzzyMatching": True,
                    "supportsWildcard": False,
                    "queryLimit": STUDIES,
                    "staticWado": False,
                    "singlepart": "bulkdata,video",
                    "bulkDataURI": {"enabled": True},
                    "omitQuotationForMultipartRequest": True,
                },
            }
        ],
    }
