"""HL7v2 messages for tests of the commands, with line ends as files have them."""

ORDER = (
    "MSH|^~\\&|RIS|HOSPITAL|PACS|RADIOLOGY|20260131120000||ORM^O01^ORM_O01|{id}|P|2.5.1\n"
    "PID|1||123^^^HOSP^MR~456^^^OTHER^PI||DOE^JANE^A||19700102|F\n"
    "ORC|NW|ORDER-{id}\n"
    "OBR|1|ORDER-{id}||36643-5^XR Chest 2V^LN\n"
)
"""An order of a chest X-ray (ORM^O01)."""
RESULT = (
    "MSH|^~\\&|RIS|HOSPITAL|EHR|WARD|20260131130000||ORU^R01^ORU_R01|{id}|P|2.5.1\n"
    "PID|1||123^^^HOSP^MR||DOE^JANE\n"
    "OBR|1|||36643-5^XR Chest 2V^LN\n"
    "OBX|1|CE|59776-5^Findings^LN||R91.1^Nodule \\T\\ more^I10||||||F\n"
)
"""Its result (ORU^R01)."""


def order(number: int) -> str:
    """An order, each number another."""
    return ORDER.format(id=f"O{number}")


def result(number: int) -> str:
    """A result, each number another."""
    return RESULT.format(id=f"R{number}")
