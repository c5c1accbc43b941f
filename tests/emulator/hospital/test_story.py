"""What happened in the hospital: a function of its seed and a patient's number, in an order that could be."""

import hashlib
import json
from collections.abc import Iterator
from itertools import pairwise

from emulator.hospital.fhir.places import shared
from emulator.hospital.fhir.records import records
from emulator.hospital.films import dicom
from emulator.hospital.messages import messages
from emulator.hospital.people import PATIENTS, SEEDS, patient
from emulator.hospital.story import Story, stories, story

# Whoever changes what the hospital consists of changes this, and says so in the changelog: its users compare bytes.
SEED_1 = "0b5b6c98ab52f86abe69c52107ef1ec1537680d862bb6e3bef1e5e65adf9c8c0"


def everything(told: Story) -> Iterator[bytes]:
    """All bytes of a patient: films, messages, resources."""
    for visit in told.visits:
        for film in visit.films:
            yield dicom(visit, film)
    for message in messages(told):
        yield message.data
    for resource in records(told):
        yield json.dumps(resource).encode()


def test_a_seed_has_the_same_bytes_on_every_machine() -> None:
    digest = hashlib.sha256()
    for told in stories(1, 1, 8):
        for data in everything(told):
            digest.update(data)
    digest.update(json.dumps(list(shared(1, "http://127.0.0.1:9470/dicomWeb"))).encode())
    assert digest.hexdigest() == SEED_1


def test_a_patient_is_the_same_however_many_there_are() -> None:
    assert list(stories(7, 1, 20))[16] == story(patient(7, 17))


def test_another_seed_is_another_hospital_with_ids_of_its_own() -> None:
    one, other = (list(stories(seed, 1, 50)) for seed in (1, 2))
    assert [each.patient.born for each in one] != [each.patient.born for each in other]
    assert {v.study for each in one for v in each.visits}.isdisjoint(v.study for each in other for v in each.visits)
    assert {each.patient.id for each in one}.isdisjoint(each.patient.id for each in other)


def test_ids_are_unique_and_fit_their_fields() -> None:
    told = list(stories(1, 1, 200))
    uids = [uid for each in told for v in each.visits for f in v.films for uid in (f.series, f.instance)]
    uids += [visit.study for each in told for visit in each.visits]
    assert len({*uids}) == len(uids)
    assert max(map(len, uids)) <= 64  # PS3.5 table 6.2-1, UI
    last = story(patient(SEEDS, PATIENTS)).visits[0]
    assert max(len(last.accession), len(last.placer)) <= 16  # SH


def test_everything_happens_after_what_it_follows_from() -> None:
    for told in stories(1, 1, 300):
        for visit in told.visits:
            taken = [film.taken for film in visit.films]
            times = [visit.arrived, visit.ordered, *taken, visit.reported, visit.left]
            assert all(one < other for one, other in pairwise(times))
        assert all(one.left < other.arrived for one, other in pairwise(told.visits))
        assert told.agreement.signed == told.visits[0].arrived
        assert told.patient.born < told.visits[0].arrived.date()


def test_patients_differ_in_all_that_queries_ask_for() -> None:
    told = list(stories(1, 1, 300))
    visits = [visit for each in told for visit in each.visits]
    assert {len(each.visits) for each in told} == {1, 2, 3}
    assert {(v.modality, tuple(f.view for f in v.films)) for v in visits} == {
        ("CR", ("AP",)),
        ("DX", ("PA",)),
        ("DX", ("PA", "LL")),
    }
    assert len({visit.finding for visit in visits}) == 5
    assert {each.agreement.withdrawn for each in told} == {True, False}
    assert len({each.agreement.purposes for each in told}) == 4


def test_names_are_obviously_made_up() -> None:
    told = list(stories(1, 1, 100))
    assert all(each.patient.family.startswith("Test-") for each in told)
    assert all(each.patient.id.startswith("TEST") for each in told)
