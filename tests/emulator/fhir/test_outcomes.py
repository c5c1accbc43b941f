from emulator.fhir import outcomes


def test_an_unparseable_resource_is_told_as_google_tells_it() -> None:
    # The answer of Cloud Healthcare in github.com/synthetichealth/synthea/issues/515, but for its sentence.
    refused = outcomes.unparseable('error at "entry[4].resource": unknown field "encounter"')
    assert refused.status == 400
    assert refused.outcome == {
        "issue": [
            {
                "code": "structure",
                "details": {"text": "unparseable_resource"},
                "diagnostics": 'error at "entry[4].resource": unknown field "encounter"',
                "severity": "error",
            }
        ],
        "resourceType": "OperationOutcome",
    }


def test_each_fault_is_an_issue() -> None:
    assert [issue["diagnostics"] for issue in outcomes.unparseable("one", "two").outcome["issue"]] == ["one", "two"]


def test_the_message_for_logs_quotes_nothing() -> None:
    assert str(outcomes.unparseable("Jane Doe is no date")) == "unparseable_resource"


def test_success_is_information() -> None:
    (issue,) = outcomes.outcome([outcomes.SUCCESS])["issue"]
    assert issue["details"] == {"text": "success"}
    assert issue["severity"] == "information"
