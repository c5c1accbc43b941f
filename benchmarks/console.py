"""How soon the console's pages are painted, in headless Chromium, with a store of 5,000 studies."""

import tempfile
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.corpus import IN_STUDY, Corpus
from benchmarks.dicomweb.server import emulator_server
from benchmarks.figures import Figure, absent
from benchmarks.running import LOCATION, PROJECT, running_emulator
from emulator.browsing import made
from scripts.demonstration.places import Places
from tests.browser import chromium, prepare

_STUDIES = 5000
_BATCH = 50
_ROUNDS = 9
_GOAL = 0.5  # seconds
_STORE = f"projects/{PROJECT}/locations/{LOCATION}/datasets/benchmark/dicomStores/films"
_PAGES = {
    "the overview": "",
    "50 of 5,000 studies": f"studies?{urlencode({'store': _STORE})}",
    "the last of 5,000 studies": f"studies?{urlencode({'store': _STORE, 'offset': str(_STUDIES - 50)})}",
    "the audit log": "audit",
}


def console(places: Places) -> list[Figure]:
    """First contentful paint of pages, from the click on."""
    names = [f"the console: {name}, first paint" for name in _PAGES]
    if missing := prepare.missing():
        return [absent(name, missing, _GOAL) for name in names]
    with running_emulator(places, "console") as running, tempfile.TemporaryDirectory() as home:
        server, corpus = emulator_server(running), Corpus(pixels=False)
        for first in range(0, _STUDIES * IN_STUDY, _BATCH):
            server.store(corpus, range(first, first + _BATCH))
        with chromium.started(Path(home)) as driver:
            driver.get(made(running.state))
            taken = [
                [chromium.first_paint(driver, f"{running.url}/_emulator/console/{page}") for page in _PAGES.values()]
                for _ in range(_ROUNDS)
            ]
    rounds = zip(*taken, strict=True)
    return [
        Figure(name, tuple(values), _GOAL, more_is_better=False, unit="s")
        for name, values in zip(names, rounds, strict=True)
    ]
