"""google-cloud-bigquery on emulators of tests' own, which may be started anew, and for several people."""

from google.cloud import bigquery
from google.oauth2.credentials import Credentials

from tests.support.emulator import RunningEmulator


def client_of(emulator: RunningEmulator, token: str = "") -> bigquery.Client:
    """A client of an emulator as it runs now, that shows an access token, the owner's if none is given."""
    credentials = Credentials(token=token or emulator.owner_token)
    options = {"api_endpoint": emulator.base_url}
    return bigquery.Client(project=emulator.project, credentials=credentials, client_options=options)
