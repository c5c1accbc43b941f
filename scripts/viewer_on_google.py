"""How to point OHIF to a DICOM store on Google Cloud: sign-in with an OAuth client, and the configuration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from emulator.web.files import VERSION
from emulator.web.pages import app_config, settings

if TYPE_CHECKING:
    from infra.outputs import Outputs

ORIGIN = "http://localhost:3000"
CLIENT = "CLIENT_ID.apps.googleusercontent.com"


def steps(outputs: Outputs) -> str:
    """What to do, in order."""
    return f"""\
OHIF talks to Google Cloud from the browser, signed in as its user. Once for project {outputs.project}:
 1. APIs & Services > OAuth consent screen: add the scope https://www.googleapis.com/auth/cloud-healthcare.
 2. APIs & Services > Credentials > Create credentials > OAuth client ID > Web application:
    authorised JavaScript origin {ORIGIN}, authorised redirect URI {ORIGIN}/callback.
 3. Grant who may look roles/healthcare.dicomViewer on the store {outputs.dicom_store_name}.
 4. npm pack @ohif/app@{VERSION} && tar xzf ohif-app-{VERSION}.tgz; write what this command prints to
    package/dist/app-config.js, with the id of your client in place of {CLIENT}.
 5. Serve package/dist at {ORIGIN}, unknown paths as index.html: npx serve --single --listen 3000 package/dist
The page calls the API across origins (CORS): a DICOM store has no setting for that, but the page's origin must be one
that the OAuth client names. Where a row of the list can't be opened, because Google's search returned no modalities, go
to {ORIGIN}/viewer?StudyInstanceUIDs=UID with a UID that `python -m scripts search studies` prints.
"""


def configuration(dicomweb_url: str) -> str:
    """OHIF's app-config.js for a store at that DICOMweb root, but for the id of the OAuth client."""
    sign_in = {
        "authority": "https://accounts.google.com",
        "client_id": CLIENT,
        "redirect_uri": "/callback",
        "response_type": "id_token token",
        "scope": "email profile openid https://www.googleapis.com/auth/cloud-healthcare",
        "post_logout_redirect_uri": "/logout-redirect.html",
        "revoke_uri": "https://accounts.google.com/o/oauth2/revoke?token=",
        "automaticSilentRenew": True,
        "revokeAccessTokenOnSignout": True,
    }
    return app_config(json.dumps({**settings(dicomweb_url), "oidc": [sign_in]}, indent=2)).rstrip()
