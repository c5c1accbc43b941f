"""Names of people that nobody told beforehand."""

import pytest

from tests.emulator.deidentify.text.detectors.finding import found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Seen by Dr. Okonkwo today.", "Okonkwo"),
        ("Dr. Anna van der Berg was paged", "Anna van der Berg"),
        ("dr schmidt paged x2", "schmidt"),
        ("Mr. O'Brien walks", "O'Brien"),
        ("Patient Name: WALL, PETER J   MRN: 12345", "WALL, PETER J"),
        ("Patient: Ojukwu, Thandiwe", "Ojukwu, Thandiwe"),
        ("Referring Physician: Bjorn Lindqvist", "Bjorn Lindqvist"),
        ("Her husband Kwame reports", "Kwame"),
        ("accompanied by his daughter, Agnieszka.", "Agnieszka"),
        ("his wife giuseppe drove", "giuseppe"),
        ("Bill Thistlethwaite, M.D., Pathologist", "Bill Thistlethwaite"),
        ("reviewed with S. Quigley RN", "S. Quigley"),
        ("Discussed with Castellanos at noon", "Castellanos"),
        ("Dear Mrs. Haddad:", "Haddad"),
        ("Hi Wendell,", "Wendell"),
        ("Sincerely,\n\nIngrid Lund", "Ingrid Lund"),
        ("PID|1||x||WALL^PETER^J||19700105", "WALL^PETER^J"),
        ("Then Maria Garcia fell.", "Maria Garcia"),
        ("Yesterday Deborah called.", "Deborah"),
        ('"Kaplan, Grace",12', "Kaplan, Grace"),
        ("her maiden name was Pennington", "Pennington"),
        ("my name is Aaliyah Stone", "Aaliyah Stone"),
        ("patient name is john smith date of birth", "john smith"),
        ("electronically signed by: Hannah D'Angelo, MD", "Hannah D'Angelo"),
    ],
)
def test_a_name_is_found(text: str, name: str) -> None:
    assert found(text, "PERSON_NAME") == [name]


def test_a_name_is_found_wherever_it_recurs() -> None:
    text = "Dr. Peter Lindqvist operated. Later Lindqvist was called; LINDQVIST agreed."
    assert found(text, "PERSON_NAME") == ["Peter Lindqvist", "Lindqvist", "LINDQVIST"]


@pytest.mark.parametrize(
    "text",
    [
        "Parkinson disease and a Baker cyst",
        "Foley catheter, Crohn's disease, Hodgkin lymphoma",
        "The patient will follow a low sodium diet",
        "CC: MVC",
        "Glasgow Coma Scale 15, Murphy sign negative",
        "Chest wall is tender, long history",
        "Seen by Cardiology. Discussed with Surgery.",
        "Escherichia coli and Staphylococcus aureus",
        "CHEST PA AND LATERAL. NO ACUTE DISEASE.",
        "continue Lasix and Coumadin",
        "MSH|^~\\&|A|B|||20200105||ADT^A01|1|P|2.5",
    ],
)
def test_what_is_no_name_is_left(text: str) -> None:
    assert found(text, "PERSON_NAME") == []
