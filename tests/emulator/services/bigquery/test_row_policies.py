"""Row access policies: by statements and by REST, and what they let through.

https://cloud.google.com/bigquery/docs/row-level-security-intro
"""

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.support.accounts import Account, grant, make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

Names = Callable[[str], str]
Rows = list[list[str]]


class Lab:
    """A dataset with a table `t` of regions and numbers, an analyst and an owner."""

    def __init__(self, emulator: RunningEmulator, unique: Names) -> None:
        self.emulator = emulator
        self.base = f"/bigquery/v2/projects/{emulator.project}"
        self.dataset = unique("rows").replace("-", "_")
        self.analyst = make_account(emulator, unique("analyst"))
        self.other = make_account(emulator, unique("other"))
        for account in (self.analyst, self.other):
            for role in ("roles/bigquery.jobUser", "roles/bigquery.dataEditor"):
                grant(emulator, f"projects/{emulator.project}", account.member, role)
        self.call("POST", "/datasets", {"datasetReference": {"datasetId": self.dataset}})
        self.query("CREATE TABLE {d}.t AS SELECT 'APAC' AS region, 1 AS n UNION ALL SELECT 'EMEA', 2")

    def call(self, method: str, path: str, body: Any = None, who: Account | None = None) -> Any:
        status, answer = self.emulator.request(method, self.base + path, body, who.token if who else None)
        assert status in (200, 204), answer
        return answer

    def query(self, sql: str, who: Account | None = None) -> Rows:
        body = {"query": sql.replace("{d}", self.dataset), "useLegacySql": False, "timeoutMs": 200_000}
        answer = self.call("POST", "/queries", body, who)
        return [[cell["v"] for cell in row["f"]] for row in answer.get("rows", ())]

    def let(self, who: Account, predicate: str, policy: str) -> None:
        """Make a policy of the table."""
        self.query(f"CREATE ROW ACCESS POLICY {policy} ON {{d}}.t GRANT TO ('{who.member}') FILTER USING ({predicate})")

    def refusal(self, sql: str, who: Account | None = None) -> str:
        body = {"query": sql.replace("{d}", self.dataset), "useLegacySql": False, "timeoutMs": 200_000}
        status, answer = self.emulator.request("POST", self.base + "/queries", body, who.token if who else None)
        assert status >= 400, answer
        return str(answer["error"]["message"])

    def job(self, configuration: dict[str, Any], who: Account | None = None) -> str:
        """Run a job; gives the message of its error, "" for none."""
        job = self.call("POST", "/jobs", {"configuration": configuration}, who)
        while job["status"]["state"] != "DONE":
            time.sleep(0.02)
            job = self.call("GET", f"/jobs/{job['jobReference']['jobId']}", who=who)
        return str(job["status"].get("errorResult", {}).get("message", ""))

    def table(self, name: str) -> dict[str, str]:
        return {"projectId": self.emulator.project, "datasetId": self.dataset, "tableId": name}


@pytest.fixture
def lab(emulator: RunningEmulator, unique: Names) -> Lab:
    return Lab(emulator, unique)


def test_grantees_see_their_rows_and_others_none(lab: Lab) -> None:
    sql = "SELECT n FROM {d}.t ORDER BY n"
    assert lab.query(sql, lab.analyst) == [["1"], ["2"]]
    lab.query(
        f"CREATE ROW ACCESS POLICY apac ON {{d}}.t GRANT TO ('{lab.analyst.member}') FILTER USING (region = 'APAC')"
    )
    assert lab.query(sql, lab.analyst) == [["1"]]
    assert lab.query(sql, lab.other) == []
    assert lab.query(sql) == []  # the owner's rights do not count
    lab.let(lab.analyst, "n > 1", "big")
    assert lab.query(sql, lab.analyst) == [["1"], ["2"]]
    lab.query("DROP ROW ACCESS POLICY apac ON {d}.t")
    assert lab.query(sql, lab.analyst) == [["2"]]
    assert "is the last one" in lab.refusal("DROP ROW ACCESS POLICY big ON {d}.t")
    lab.query("DROP ALL ROW ACCESS POLICIES ON {d}.t")
    assert lab.query(sql, lab.other) == [["1"], ["2"]]


def test_a_filter_may_name_who_asks(lab: Lab) -> None:
    mine = lab.analyst.member.partition(":")[2]
    lab.query(f"CREATE TABLE {{d}}.own AS SELECT '{mine}' AS who, 1 AS n UNION ALL SELECT 'x@example.com', 2")
    lab.query(
        "CREATE ROW ACCESS POLICY own ON {d}.own GRANT TO ('allAuthenticatedUsers') FILTER USING (who = SESSION_USER())"
    )
    assert lab.query("SELECT n FROM {d}.own", lab.analyst) == [["1"]]
    assert lab.query("SELECT n FROM {d}.own", lab.other) == []


def test_views_wildcards_and_times_show_no_more(lab: Lab) -> None:
    lab.query("CREATE VIEW {d}.v AS SELECT * FROM {d}.t")
    lab.query(
        f"CREATE ROW ACCESS POLICY apac ON {{d}}.t GRANT TO ('{lab.analyst.member}') FILTER USING (region = 'APAC')"
    )
    assert lab.query("SELECT n FROM {d}.v", lab.analyst) == [["1"]]
    assert lab.query("SELECT n, _TABLE_SUFFIX FROM `{d}.t*`", lab.analyst) == [["1", ""]]
    assert lab.query("SELECT a.n FROM {d}.t a JOIN {d}.t b ON TRUE", lab.analyst) == [["1"]]
    now = "FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()"
    assert lab.query(f"SELECT n FROM {{d}}.t {now}", lab.analyst) == [["1"]]


def test_only_a_filter_of_true_lets_one_change_list_or_copy(lab: Lab) -> None:
    lab.query(
        f"CREATE ROW ACCESS POLICY apac ON {{d}}.t GRANT TO ('{lab.analyst.member}') FILTER USING (region = 'APAC')"
    )
    assert "does not have full access" in lab.refusal("DELETE {d}.t WHERE TRUE", lab.analyst)
    path = f"{lab.base}/datasets/{lab.dataset}/tables/t/data"
    assert lab.emulator.request("GET", path, None, lab.analyst.token)[0] == 403
    copy = {"copy": {"sourceTable": lab.table("t"), "destinationTable": lab.table("copy")}}
    assert "does not have full access" in lab.job(copy, lab.analyst)
    assert "does not have full access" in lab.refusal("CREATE TABLE {d}.c CLONE {d}.t", lab.analyst)
    lab.let(lab.other, "TRUE", "whole")
    assert lab.job(copy, lab.other) == ""
    assert lab.query("SELECT n FROM {d}.copy", lab.analyst) == [["1"]]  # policies go along
    lab.query("UPDATE {d}.t SET n = 5 WHERE region = 'EMEA'", lab.other)
    assert lab.query("SELECT n FROM {d}.t ORDER BY n", lab.other) == [["1"], ["5"]]


def test_an_extract_holds_what_its_caller_sees(lab: Lab, unique: Names) -> None:
    bucket = unique("row-policies")
    body = {"name": bucket}
    assert lab.emulator.request("POST", f"/storage/v1/b?project={lab.emulator.project}", body)[0] == 200
    grant(lab.emulator, f"buckets/{bucket}", lab.analyst.member, "roles/storage.objectAdmin")
    lab.query(
        f"CREATE ROW ACCESS POLICY apac ON {{d}}.t GRANT TO ('{lab.analyst.member}') FILTER USING (region = 'APAC')"
    )
    extract = {"extract": {"sourceTable": lab.table("t"), "destinationUris": [f"gs://{bucket}/out.csv"]}}
    assert lab.job(extract, lab.analyst) == ""
    headers = {"authorization": f"Bearer {lab.analyst.token}"}
    url = f"{lab.emulator.base_url}/storage/v1/b/{bucket}/o/out.csv?alt=media"
    assert requests.get(url, headers=headers, timeout=PATIENCE).text == "region,n\nAPAC,1\n"


def test_rest_methods(lab: Lab) -> None:
    path = f"/datasets/{lab.dataset}/tables/t/rowAccessPolicies"
    reference = {"rowAccessPolicyReference": {**lab.table("t"), "policyId": "p"}}
    made = lab.call("POST", path, {**reference, "filterPredicate": "n = 1", "grantees": [lab.analyst.member]})
    assert (made["filterPredicate"], made["rowAccessPolicyReference"]["policyId"]) == ("n = 1", "p")
    assert lab.emulator.request("POST", lab.base + path, {**reference, "filterPredicate": "n = 1"})[0] == 409
    assert lab.query("SELECT n FROM {d}.t", lab.analyst) == [["1"]]
    lab.call("PUT", f"{path}/p", {**reference, "filterPredicate": "n = 2", "grantees": [lab.analyst.member]})
    assert lab.query("SELECT n FROM {d}.t", lab.analyst) == [["2"]]
    assert [item["filterPredicate"] for item in lab.call("GET", path)["rowAccessPolicies"]] == ["n = 2"]
    policy = lab.call("POST", f"{path}/p:getIamPolicy", {})
    assert policy["bindings"] == [{"role": "roles/bigquery.filteredDataViewer", "members": [lab.analyst.member]}]
    assert lab.emulator.request("GET", f"{lab.base}{path}/p", None, lab.analyst.token)[0] == 403
    assert lab.emulator.request("DELETE", f"{lab.base}{path}/p")[0] == 400  # the last one
    lab.call("DELETE", f"{path}/p?force=true")
    assert "rowAccessPolicies" not in lab.call("GET", path)


@pytest.mark.parametrize(
    ("predicate", "message"),
    [
        ("n", "BOOL"),
        ("missing = 1", "Unrecognized name"),
        ("n IN (SELECT 1)", "Subqueries in the filter"),
        ("SUM(n) > 1", "no aggregate"),
    ],
)
def test_filters_that_cannot_be(lab: Lab, predicate: str, message: str) -> None:
    sql = f"CREATE ROW ACCESS POLICY p ON {{d}}.t GRANT TO ('{lab.analyst.member}') FILTER USING ({predicate})"
    assert message in lab.refusal(sql)


def test_who_may_not_make_policies(lab: Lab) -> None:
    sql = f"CREATE ROW ACCESS POLICY p ON {{d}}.t GRANT TO ('{lab.analyst.member}') FILTER USING (TRUE)"
    assert "bigquery.rowAccessPolicies.create denied" in lab.refusal(sql, lab.analyst)
