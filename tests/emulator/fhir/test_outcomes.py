from emulator.fhir import outcomes


def test_an_unparseable_resource_is_told_as_google_tells_it() -> None:
    # The sentence of Cloud Healthcare in github.com/synthetichealth/synthea/issues/515, and its place as the examples
    # have it that SATUSEHAT, a platform on Google's stores, publishes.
    refused = outcomes.unparseable('unknown field "encounter"', "entry[4].resource")
    assert refused.status == 400
    assert refused.outcome("R4") == {
        "issue": [
            {
                "code": "structure",
                "details": {"text": "unparseable_resource"},
                "diagnostics": 'error at "entry[4].resource": unknown field "encounter"',
                "expression": ["entry[4].resource"],
                "severity": "error",
            }
        ],
        "resourceType": "OperationOutcome",
    }


def test_an_issue_is_told_from_around_it() -> None:
    issue = outcomes.fault("expected array", "Patient.name").within("Bundle.entry[4].resource")
    assert issue.encoded("R4")["expression"] == ["Bundle.entry[4].resource.Patient.name"]
    assert outcomes.fault("invalid JSON").within("Bundle.entry[4].resource").place == "Bundle.entry[4].resource"


def test_the_message_for_logs_quotes_nothing() -> None:
    assert str(outcomes.unparseable("Jane Doe is no date")) == "unparseable_resource"


def test_success_is_information() -> None:
    (issue,) = outcomes.outcome([outcomes.SUCCESS], "R4")["issue"]
    assert issue["details"] == {"text": "success"}
    assert issue["severity"] == "information"
